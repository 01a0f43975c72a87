package bench;

import com.amazonaws.athena.connector.lambda.handlers.CompositeHandler;

/** The entry point of the function that benchmarks are compared with: the twin of the Rust connector {@code bench}. */
public final class BenchHandler extends CompositeHandler {
    public BenchHandler() {
        super(new BenchMetadataHandler(System.getenv()), new BenchRecordHandler(System.getenv()));
    }
}
