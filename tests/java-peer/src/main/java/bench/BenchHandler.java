package bench;

import com.amazonaws.athena.connector.lambda.handlers.CompositeHandler;

/** Entry point of the Java connector in the benchmarks, with the tables of the Rust connector {@code bench}. */
public final class BenchHandler extends CompositeHandler {
    public BenchHandler() {
        super(new BenchMetadataHandler(System.getenv()), new BenchRecordHandler(System.getenv()));
    }
}
