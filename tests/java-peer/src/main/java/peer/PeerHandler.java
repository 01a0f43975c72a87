package peer;

import com.amazonaws.athena.connector.lambda.handlers.CompositeHandler;

/** The entry point of the Lambda function. */
public final class PeerHandler extends CompositeHandler {
    public PeerHandler() {
        super(new PeerMetadataHandler(System.getenv()), new PeerRecordHandler(System.getenv()), new PeerFunctions());
    }
}
