package peer;

import com.amazonaws.athena.connector.lambda.domain.TableName;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Schema;

/** A table whose rows are generated during the read. */
interface Table {
    String SCHEMA = "peer";

    /** All tables of the connector by name. */
    Map<String, Table> ALL = Map.of("empty", new Empty(), "events", new Events(), "kinds", new Kinds());

    static Table named(TableName name) {
        Table table = name.getSchemaName().equals(SCHEMA) ? ALL.get(name.getTableName()) : null;
        if (table == null) {
            throw new IllegalArgumentException("there is no table " + name);
        }
        return table;
    }

    Schema schema();

    /** Returns the names of the partition columns. */
    default List<String> partitionColumns() {
        return List.of();
    }

    /** Returns the values of the partition columns. A table without partition columns has one partition. */
    default List<Map<String, Object>> partitions() {
        return List.of(Map.of());
    }

    /** Returns the splits of the partition with these values. */
    default List<Map<String, String>> splits(Map<String, Object> partition) {
        return List.of(Map.of("rows", "all"));
    }

    /** Returns the rows of a split, by column names. */
    Iterable<Map<String, Object>> rows(Map<String, String> split);
}
