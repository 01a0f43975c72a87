package peer;

import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.request.FederationRequest;
import com.amazonaws.athena.connector.lambda.request.FederationResponse;
import com.amazonaws.athena.connector.lambda.serde.VersionedObjectMapperFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import software.amazon.awssdk.services.lambda.model.LambdaException;

/** A function behind an endpoint, invoked in one version. Only the reader of that version decodes the responses. */
final class Function {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final HttpClient client = HttpClient.newHttpClient();
    private final ObjectMapper mapper;
    private final URI place;

    Function(URI endpoint, String name, BlockAllocator allocator, int version) {
        this.mapper = VersionedObjectMapperFactory.create(allocator, version);
        this.place = endpoint.resolve("/2015-03-31/functions/" + name + "/invocations");
    }

    <T extends FederationResponse> T invoke(FederationRequest request, Class<T> expected) throws Exception {
        HttpResponse<byte[]> response = send(request);
        if (failed(response)) {
            throw mapper.readValue(response.body(), LambdaException.class);
        }
        return expected.cast(mapper.readValue(response.body(), FederationResponse.class));
    }

    /** Returns the error of a request that must fail, as decoded by the SDK. */
    LambdaException invokeExpectingError(FederationRequest request) throws Exception {
        HttpResponse<byte[]> response = send(request);
        if (failed(response)) {
            return mapper.readValue(response.body(), LambdaException.class);
        }
        throw new IllegalStateException("expected an error, got " + new String(response.body()));
    }

    private HttpResponse<byte[]> send(FederationRequest request) throws Exception {
        byte[] body = mapper.writerFor(FederationRequest.class).writeValueAsBytes(request);
        HttpRequest post = HttpRequest.newBuilder(place)
                .timeout(LIMIT)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        HttpResponse<byte[]> response = client.send(post, HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IllegalStateException("HTTP " + response.statusCode() + ": " + new String(response.body()));
        }
        return response;
    }

    private static boolean failed(HttpResponse<byte[]> response) {
        return response.headers().firstValue("X-Amz-Function-Error").isPresent();
    }
}
