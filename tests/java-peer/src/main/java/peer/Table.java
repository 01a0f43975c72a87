package peer;

import com.amazonaws.athena.connector.lambda.domain.TableName;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Schema;

/** A table that is made up as it is read. */
interface Table {
    String SCHEMA = "peer";

    /** Every table of the connector by name. */
    Map<String, Table> ALL = Map.of("empty", new Empty(), "events", new Events(), "kinds", new Kinds());

    static Table named(TableName name) {
        Table table = name.getSchemaName().equals(SCHEMA) ? ALL.get(name.getTableName()) : null;
        if (table == null) {
            throw new IllegalArgumentException("there is no table " + name);
        }
        return table;
    }

    Schema schema();

    /** Names of the columns that partition it. */
    default List<String> partitionColumns() {
        return List.of();
    }

    /** Values of the partition columns; a table that has none has one partition. */
    default List<Map<String, Object>> partitions() {
        return List.of(Map.of());
    }

    /** Splits of the partition with these values. */
    default List<Map<String, String>> splits(Map<String, Object> partition) {
        return List.of(Map.of("rows", "all"));
    }

    /** The rows of a split, by the names of the columns. */
    Iterable<Map<String, Object>> rows(Map<String, String> split);
}
