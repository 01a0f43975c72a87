//! Requests to the API: time limits, sizes, retries, and errors of the right kind.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use athena_connector_sdk::{Backoff, Context, Error, ErrorKind, Result, Secrets, retry};
use bytes::{Bytes, BytesMut};
use reqwest::{
    Certificate, Client as HttpClient, Response, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue, LINK, RETRY_AFTER},
    redirect::Policy,
};
use tokio::sync::OnceCell;

use crate::{
    config::{Api, Base, Limits},
    environment::resolve,
    paging::Page,
};

/// Redirects that are followed, within the same server.
const REDIRECTS: usize = 5;

/// Client of an API.
///
/// Created without a connection; the first request fetches the secrets and connects.
#[derive(Debug)]
pub struct Client {
    api: Arc<Api>,
    secrets: Arc<Secrets>,
    http: OnceCell<HttpClient>,
}

/// Response of the API.
#[derive(Debug)]
pub struct Answer {
    /// Body, decompressed.
    pub body: Bytes,
    /// Headers `Link`.
    pub links: Vec<String>,
}

impl Client {
    /// Creates a client whose headers contain `secrets`.
    pub fn new(api: Arc<Api>, secrets: Arc<Secrets>) -> Self {
        Self { api, secrets, http: OnceCell::new() }
    }

    /// Requests one page of `path`, again if the API is busy or down and time is left, and once
    /// more with new secrets if it refuses those that it had accepted before.
    ///
    /// # Errors
    ///
    /// | Kind | When |
    /// |---|---|
    /// | `InvalidCredentials`, `AccessDenied` | status 401, 403 |
    /// | `NotFound` | status 404, 410; a folder without the file |
    /// | `InvalidInput` | another status 4xx |
    /// | `Throttled` | status 429 after all attempts |
    /// | `Unavailable` | status 5xx, no connection, half a response, after all attempts |
    /// | `InvalidResponse` | a response above the limit, a redirect or link to another server |
    ///
    /// Errors name the path and the names of parameters. Values of parameters are constants of
    /// queries, which are not repeated.
    pub async fn get(
        &self,
        context: &Context,
        path: &str,
        query: &[(String, String)],
        page: &Page,
    ) -> Result<Answer> {
        let base = match &self.api.base {
            Base::Server(base) => base,
            Base::Folder(folder) => return saved(folder, path).await,
        };
        let url = address(base, path, query, page)?;
        let client = self.http.get_or_try_init(|| self.connect()).await?;
        let headers = self.headers().await?;
        let refused = match self.request(context, client, &url, &headers).await {
            Err(error) if error.kind() == ErrorKind::InvalidCredentials => error,
            result => return result,
        };
        self.secrets.forget();
        let current = self.headers().await?;
        if current == headers {
            return Err(refused);
        }
        self.request(context, client, &url, &current).await
    }

    async fn request(
        &self,
        context: &Context,
        client: &HttpClient,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Answer> {
        retry(context, Backoff::default(), || async {
            let request = client.get(url.clone()).headers(headers.clone());
            let response = request.send().await.map_err(|error| lost(url, error))?;
            if let Some(error) = refusal(url, &response) {
                return Err(error);
            }
            self.receive(url, response).await
        })
        .await
    }

    async fn connect(&self) -> Result<HttpClient> {
        let Limits { connect_seconds, read_seconds, .. } = self.api.limits;
        let mut builder = HttpClient::builder()
            .connect_timeout(Duration::from_secs(connect_seconds))
            .read_timeout(Duration::from_secs(read_seconds))
            .redirect(Policy::custom(|attempt| {
                let same =
                    attempt.previous().first().map(Url::origin) == Some(attempt.url().origin());
                if same && attempt.previous().len() <= REDIRECTS {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            }))
            .user_agent("athena-connector-http");
        if let Some(file) = &self.api.ca_file {
            let pem = tokio::fs::read(file).await.map_err(|error| {
                Error::invalid_input(format!("ca_file {file} cannot be read: {error}"))
            })?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| {
                Error::invalid_input(format!("ca_file {file} has no certificates in PEM"))
                    .with_source(error)
            })?;
            builder = builder.tls_certs_merge(certificates);
        }
        builder
            .build()
            .map_err(|error| Error::internal("cannot create an HTTP client").with_source(error))
    }

    async fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.api.headers {
            let value = resolve(value, &self.secrets).await?;
            let parsed =
                name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value.expose()).ok());
            let (key, mut value) = parsed.ok_or_else(|| {
                Error::invalid_input(format!(
                    "the header {name:?} or its value has a character that HTTP does not allow"
                ))
            })?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        Ok(headers)
    }

    /// Receives the whole body, at most up to the limit.
    async fn receive(&self, url: &Url, mut response: Response) -> Result<Answer> {
        let links = response.headers().get_all(LINK).iter();
        let links = links.filter_map(|link| Some(link.to_str().ok()?.to_owned())).collect();
        let limit = self.api.limits.response_bytes;
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(|error| lost(url, error))? {
            if body.len() + part.len() > limit {
                return Err(Error::invalid_response(format!(
                    "the response of {} is larger than {limit} bytes; ask for smaller pages, or set \
                     limits.response_bytes",
                    describe(url)
                )));
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { body: body.freeze(), links })
    }
}

/// Reads a saved response.
async fn saved(folder: &str, path: &str) -> Result<Answer> {
    let file = format!("{}/{path}.json", folder.trim_end_matches('/'));
    let body = tokio::fs::read(&file).await.map_err(|error| {
        Error::not_found(format!("the saved response {file} cannot be read: {error}"))
    })?;
    Ok(Answer { body: body.into(), links: Vec::new() })
}

/// Returns the address of a page. A link leads to the same server, to which the headers belong.
fn address(base: &Url, path: &str, query: &[(String, String)], page: &Page) -> Result<Url> {
    let invalid = |path: &str| {
        Error::invalid_response(format!(
            "{path:?} is no address of a page on {}, the only server that requests are sent to",
            base.origin().ascii_serialization()
        ))
    };
    let (mut url, parameters) = match page {
        Page::Address(link) => {
            let first = base.join(path).map_err(|_| invalid(path))?;
            (first.join(link).map_err(|_| invalid("a link"))?, &[] as &[_])
        }
        Page::Parameters(parameters) => {
            let mut url = base.join(path).map_err(|_| invalid(path))?;
            if !query.is_empty() {
                url.query_pairs_mut().extend_pairs(query);
            }
            (url, &parameters[..])
        }
    };
    if url.origin() != base.origin() {
        return Err(invalid("a link"));
    }
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    Ok(url)
}

/// Describes a request without the values of its parameters.
fn describe(url: &Url) -> String {
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let separator = if names.is_empty() { "" } else { "?" };
    let origin = url.origin().ascii_serialization();
    format!("GET {origin}{}{separator}{}", url.path(), names.join("&"))
}

/// Returns the error for a response that is no success.
fn refusal(url: &Url, response: &Response) -> Option<Error> {
    let status = response.status();
    let (kind, remedy) = match status.as_u16() {
        200..=299 => return None,
        401 => (ErrorKind::InvalidCredentials, "; check the secret in the headers"),
        403 => (ErrorKind::AccessDenied, "; the credentials lack a permission"),
        404 | 410 => (ErrorKind::NotFound, "; check the path of the table"),
        429 => (ErrorKind::Throttled, ""),
        408 | 500..=599 => (ErrorKind::Unavailable, ""),
        400..=499 => (ErrorKind::InvalidInput, "; check the parameters of the table"),
        _ => (ErrorKind::InvalidResponse, "; only redirects to the same server are followed"),
    };
    let error = Error::new(kind, format!("{} responded {status}{remedy}", describe(url)));
    let wait =
        response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
    Some(match wait {
        Some(wait)
            if matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            ) =>
        {
            error.with_retry_after(wait)
        }
        _ => error,
    })
}

/// Parses `Retry-After`: seconds, or a date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Returns the error for a request without a complete response.
fn lost(url: &Url, error: reqwest::Error) -> Error {
    let (kind, what) = if error.is_timeout() {
        (ErrorKind::Timeout, "took too long")
    } else if error.is_connect() {
        (ErrorKind::Unavailable, "found no server, or none with a valid certificate")
    } else if error.is_body() || error.is_decode() || error.is_request() {
        (ErrorKind::Unavailable, "was cut off")
    } else {
        (ErrorKind::InvalidResponse, "has no valid response")
    };
    Error::new(kind, format!("{} {what}", describe(url))).with_source(error.without_url())
}
