package peer;

import java.net.URI;

/**
 * Talks to a function behind an Invoke endpoint as the caller of connectors does, in every version that the SDK writes.
 *
 * <p>Argument: the URL of the endpoint, which has the functions {@code peer} and {@code clear}; the second spills without
 * encryption. Prints one line of JSON for each answer.
 */
public final class Caller {
    private static final int LOWEST_VERSION = 2;
    private static final int HIGHEST_VERSION = 6;

    private Caller() {}

    public static void main(String[] arguments) throws Exception {
        URI endpoint = URI.create(arguments[0]);
        for (int version = LOWEST_VERSION; version <= HIGHEST_VERSION; version++) {
            try (Conversation conversation = new Conversation(version, endpoint)) {
                conversation.run();
            }
        }
        // The clients of AWS leave threads behind.
        System.exit(0);
    }
}
