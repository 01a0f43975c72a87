package peer;

import java.net.URI;

/**
 * Invokes a connector behind a Lambda Invoke endpoint as Athena does, in every version that the SDK can write.
 *
 * <p>Argument: the URL of an endpoint with the functions {@code peer} and {@code clear}, of which the second spills
 * without encryption. Prints one line of JSON for each response.
 */
public final class Client {
    private static final int LOWEST_VERSION = 2;
    private static final int HIGHEST_VERSION = 6;

    private Client() {}

    public static void main(String[] arguments) throws Exception {
        URI endpoint = URI.create(arguments[0]);
        for (int version = LOWEST_VERSION; version <= HIGHEST_VERSION; version++) {
            try (Conversation conversation = new Conversation(version, endpoint)) {
                conversation.run();
            }
        }
        // The AWS clients leave threads running.
        System.exit(0);
    }
}
