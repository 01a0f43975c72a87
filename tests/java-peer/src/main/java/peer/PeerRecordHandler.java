package peer;

import com.amazonaws.athena.connector.lambda.QueryStatusChecker;
import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockSpiller;
import com.amazonaws.athena.connector.lambda.data.FieldResolver;
import com.amazonaws.athena.connector.lambda.handlers.RecordHandler;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Field;

/** The rows of splits. */
final class PeerRecordHandler extends RecordHandler {
    PeerRecordHandler(Map<String, String> options) {
        super("peer", options);
    }

    @Override
    protected void readWithConstraint(BlockSpiller spiller, ReadRecordsRequest request, QueryStatusChecker checker) {
        Table table = Table.named(request.getTableName());
        for (Map<String, Object> values : table.rows(request.getSplit().getProperties())) {
            if (!checker.isQueryRunning()) {
                return;
            }
            // An offer returns whether the value passes the constraint on its column.
            spiller.writeRows((Block block, int row) -> {
                boolean matched = true;
                for (Field field : request.getSchema().getFields()) {
                    matched &= offer(block, row, field, values.get(field.getName()));
                }
                return matched ? 1 : 0;
            });
        }
    }

    private static boolean offer(Block block, int row, Field field, Object value) {
        if (field.getType().isComplex()) {
            return block.offerComplexValue(field.getName(), row, RESOLVER, value);
        }
        return block.offerValue(field.getName(), row, value);
    }

    /** Resolves children of structs by name, like the default resolver, and keys and values of maps unchanged. */
    private static final FieldResolver RESOLVER = new FieldResolver() {
        @Override
        public Object getFieldValue(Field field, Object value) {
            return FieldResolver.DEFAULT.getFieldValue(field, value);
        }

        @Override
        public Object getMapKey(Field field, Object key) {
            return key;
        }

        @Override
        public Object getMapValue(Field field, Object value) {
            return value;
        }
    };
}
