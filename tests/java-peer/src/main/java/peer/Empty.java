package peer;

import com.amazonaws.athena.connector.lambda.data.SchemaBuilder;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Schema;

/** Two columns and no rows. */
final class Empty implements Table {
    @Override
    public Schema schema() {
        return SchemaBuilder.newBuilder().addIntField("id").addStringField("name").build();
    }

    @Override
    public Iterable<Map<String, Object>> rows(Map<String, String> split) {
        return List.of();
    }
}
