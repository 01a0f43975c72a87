package bench;

import com.amazonaws.athena.connector.lambda.QueryStatusChecker;
import com.amazonaws.athena.connector.lambda.data.BlockSpiller;
import com.amazonaws.athena.connector.lambda.data.writers.GeneratedRowWriter;
import com.amazonaws.athena.connector.lambda.handlers.RecordHandler;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import java.util.List;
import java.util.Map;

/** The rows of splits, written as the SDK's guide recommends: one row writer for a read, and one row per call. */
final class BenchRecordHandler extends RecordHandler {
    BenchRecordHandler(Map<String, String> options) {
        super("bench", options);
    }

    @Override
    protected void readWithConstraint(BlockSpiller spiller, ReadRecordsRequest request, QueryStatusChecker checker)
            throws Exception {
        List<BenchTable.Column> columns = BenchTable.named(request.getTableName().getTableName()).columns;
        GeneratedRowWriter.RowWriterBuilder builder = GeneratedRowWriter.newBuilder(request.getConstraints());
        for (int index = 0; index < columns.size(); index++) {
            BenchTable.Column column = columns.get(index);
            if (request.getSchema().findField(column.field().getName()) != null) {
                builder.withExtractor(column.field().getName(), column.values().apply(index));
            }
        }
        GeneratedRowWriter writer = builder.build();
        BenchTable.Row row = new BenchTable.Row();
        long end = Long.parseLong(request.getSplit().getProperty("end"));
        for (row.number = Long.parseLong(request.getSplit().getProperty("start")); row.number < end; row.number++) {
            if (!checker.isQueryRunning()) {
                return;
            }
            spiller.writeRows((block, at) -> writer.writeRow(block, at, row) ? 1 : 0);
        }
    }
}
