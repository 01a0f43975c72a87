//! Protection from web pages: a browser sends requests to the loopback interface, too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper::{
    HeaderMap, Uri,
    header::{HOST, HeaderValue, ORIGIN},
    http::uri::Authority,
};

/// Port of a URL without one.
const DEFAULT_PORT: u16 = 80;

/// Returns the reason to refuse a request to a server bound to `bound`, if there is one.
///
/// A browser adds `Origin` to each request of a page that can have an effect, and no AWS client
/// does: a request with it is refused, even if its value is `null` or an address of the server. A
/// page whose domain name resolves to the loopback interface (DNS rebinding) sends no `Origin` with
/// a GET request, but its own name as `Host`. So only names of the loopback interface are accepted,
/// and the address that the server is bound to. If that is unspecified, any IP address is accepted:
/// a page cannot rebind an address.
pub(super) fn refusal(headers: &HeaderMap, uri: &Uri, bound: SocketAddr) -> Option<String> {
    if let Some(origin) = headers.get(ORIGIN) {
        return Some(format!(
            "requests of web pages are refused: the header Origin is {origin:?}; \
             send the request from a program, without this header"
        ));
    }
    let mut hosts = headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    let absolute = uri.authority().map(|authority| authority.as_str().as_bytes());
    let (host, duplicate) = (hosts.next(), hosts.next());
    let Some(host) = host.or(absolute) else {
        return Some(format!("the header Host is missing; send {bound}"));
    };
    let refused = [Some(host), duplicate, absolute]
        .into_iter()
        .flatten()
        .find(|host| !is_own(host, bound))?;
    let port = bound.port();
    Some(format!(
        "requests to other hosts are refused: the header Host is {:?}; \
         use 127.0.0.1:{port}, localhost:{port} or [::1]:{port}",
        String::from_utf8_lossy(refused)
    ))
}

/// Returns whether `host`, a name or address with a port, identifies the server.
fn is_own(host: &[u8], bound: SocketAddr) -> bool {
    let Ok(authority) = Authority::try_from(host) else { return false };
    // User information, as in `localhost@example.com`, is not part of a host.
    if authority.as_str().contains('@')
        || authority.port_u16().unwrap_or(DEFAULT_PORT) != bound.port()
    {
        return false;
    }
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    address.map_or(name.eq_ignore_ascii_case("localhost"), |address| {
        address == Ipv4Addr::LOCALHOST
            || address == Ipv6Addr::LOCALHOST
            || address == bound.ip()
            || bound.ip().is_unspecified()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(bound: &str, headers: &[(&str, &str)], uri: &str) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = hyper::header::HeaderName::try_from(*name).unwrap();
            map.append(name, HeaderValue::try_from(*value).unwrap());
        }
        refusal(&map, &uri.parse().unwrap(), bound.parse().unwrap()).is_some()
    }

    #[test]
    fn only_loopback_names_with_the_port_are_own() {
        let bound = "127.0.0.1:9001";
        for host in ["127.0.0.1:9001", "localhost:9001", "LocalHost:9001", "[::1]:9001"] {
            assert!(!is_refused(bound, &[("host", host)], "/"), "{host}");
        }
        let foreign = [
            "evil.example:9001",
            "evil.example",
            "localhost",
            "127.0.0.1:80",
            "localhost.evil.example:9001",
            "localhost@evil.example:9001",
            "user@localhost:9001",
            "localhost.:9001",
            "192.168.1.5:9001",
            "0.0.0.0:9001",
            "",
            " ",
        ];
        for host in foreign {
            assert!(is_refused(bound, &[("host", host)], "/"), "{host}");
        }
        assert!(is_refused(bound, &[], "/"), "no host");
        assert!(!is_refused("127.0.0.1:80", &[("host", "localhost")], "/"), "the default port");
    }

    #[test]
    fn every_host_of_a_request_counts() {
        let bound = "127.0.0.1:9001";
        let own = ("host", "localhost:9001");
        assert!(is_refused(bound, &[own, ("host", "evil.example:9001")], "/"));
        assert!(is_refused(bound, &[own], "http://evil.example:9001/"));
        assert!(!is_refused(bound, &[own], "http://127.0.0.1:9001/"));
    }

    #[test]
    fn any_origin_is_refused() {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:9001", ""] {
            let headers = [("host", "127.0.0.1:9001"), ("origin", origin)];
            assert!(is_refused("127.0.0.1:9001", &headers, "/"), "{origin:?}");
        }
    }

    #[test]
    fn a_server_for_other_machines_accepts_its_addresses_but_no_names() {
        assert!(!is_refused("192.168.1.5:80", &[("host", "192.168.1.5")], "/"));
        assert!(is_refused("192.168.1.5:80", &[("host", "192.168.1.6")], "/"));
        assert!(!is_refused("0.0.0.0:9001", &[("host", "192.168.1.5:9001")], "/"));
        assert!(is_refused("0.0.0.0:9001", &[("host", "evil.example:9001")], "/"));
    }
}
