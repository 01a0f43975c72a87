package peer;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.TimeZoneKey;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DateMilliVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.TimeStampMilliTZVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.ValueVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.MapVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Schemas and blocks as canonical JSON, the form of the golden files. */
final class CanonicalJson {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    /** Largest integer up to which all integers are exact doubles. */
    private static final long EXACT = 1L << 53;

    private CanonicalJson() {}

    static ObjectNode schema(Schema schema) {
        ObjectNode node = JSON.objectNode();
        ArrayNode fields = node.putArray("fields");
        schema.getFields().forEach(field -> fields.add(field(field)));
        node.set("metadata", texts(schema.getCustomMetadata()));
        return node;
    }

    static ObjectNode texts(Map<String, String> texts) {
        ObjectNode node = JSON.objectNode();
        texts.forEach(node::put);
        return node;
    }

    private static ObjectNode field(Field field) {
        ObjectNode node = JSON.objectNode()
                .put("name", field.getName())
                .put("type", type(field.getType()))
                .put("nullable", field.isNullable());
        if (!field.getMetadata().isEmpty()) {
            node.set("metadata", texts(field.getMetadata()));
        }
        if (!field.getChildren().isEmpty()) {
            ArrayNode children = node.putArray("children");
            field.getChildren().forEach(child -> children.add(field(child)));
        }
        return node;
    }

    private static String type(ArrowType type) {
        if (type instanceof ArrowType.Int integer) {
            return (integer.getIsSigned() ? "int" : "uint") + integer.getBitWidth();
        } else if (type instanceof ArrowType.FloatingPoint number) {
            return number.getPrecision() == FloatingPointPrecision.SINGLE ? "float32" : "float64";
        } else if (type instanceof ArrowType.Decimal decimal) {
            return "decimal" + decimal.getBitWidth() + "(" + decimal.getPrecision() + "," + decimal.getScale() + ")";
        } else if (type instanceof ArrowType.Timestamp time && time.getUnit() == TimeUnit.MILLISECOND) {
            return "timestamp(ms," + time.getTimezone() + ")";
        } else if (type instanceof ArrowType.Date date) {
            return switch (date.getUnit()) {
                case DAY -> "date32";
                case MILLISECOND -> "date64";
            };
        }
        // All other types have Arrow's names.
        return type.getTypeID().name().toLowerCase();
    }

    static ArrayNode rows(Block block) {
        ArrayNode rows = JSON.arrayNode();
        for (int row = 0; row < block.getRowCount(); row++) {
            ArrayNode cells = rows.addArray();
            for (FieldVector column : block.getFieldVectors()) {
                cells.add(cell(column, row));
            }
        }
        return rows;
    }

    private static JsonNode cell(ValueVector vector, int row) {
        if (vector.isNull(row)) {
            return JSON.nullNode();
        } else if (vector instanceof BitVector bits) {
            return JSON.booleanNode(bits.get(row) != 0);
        } else if (vector instanceof TinyIntVector integers) {
            return integer(integers.get(row));
        } else if (vector instanceof SmallIntVector integers) {
            return integer(integers.get(row));
        } else if (vector instanceof IntVector integers) {
            return integer(integers.get(row));
        } else if (vector instanceof BigIntVector integers) {
            return integer(integers.get(row));
        } else if (vector instanceof Float4Vector numbers) {
            return number(numbers.get(row));
        } else if (vector instanceof Float8Vector numbers) {
            return number(numbers.get(row));
        } else if (vector instanceof DecimalVector decimals) {
            return JSON.textNode(decimals.getObject(row).toPlainString());
        } else if (vector instanceof VarCharVector texts) {
            return JSON.textNode(new String(texts.get(row), StandardCharsets.UTF_8));
        } else if (vector instanceof VarBinaryVector bytes) {
            return JSON.binaryNode(bytes.get(row));
        } else if (vector instanceof DateDayVector days) {
            return integer(days.get(row));
        } else if (vector instanceof DateMilliVector times) {
            return integer(times.get(row));
        } else if (vector instanceof TimeStampMilliTZVector times) {
            return zoned(times.get(row));
        } else if (vector instanceof MapVector maps) {
            return entries(maps, row);
        } else if (vector instanceof ListVector lists) {
            return elements(lists, row);
        } else if (vector instanceof StructVector structs) {
            ObjectNode struct = JSON.objectNode();
            structs.getChildrenFromFields().forEach(child -> struct.set(child.getName(), cell(child, row)));
            return struct;
        }
        throw new IllegalArgumentException("no cell of " + vector.getField());
    }

    private static ArrayNode elements(ListVector lists, int row) {
        ArrayNode list = JSON.arrayNode();
        for (int at = lists.getElementStartIndex(row); at < lists.getElementEndIndex(row); at++) {
            list.add(cell(lists.getDataVector(), at));
        }
        return list;
    }

    /** Returns the entries as pairs, in order. */
    private static ArrayNode entries(MapVector maps, int row) {
        ArrayNode list = JSON.arrayNode();
        StructVector entries = (StructVector) maps.getDataVector();
        for (int at = maps.getElementStartIndex(row); at < maps.getElementEndIndex(row); at++) {
            ArrayNode pair = list.addArray();
            for (FieldVector part : entries.getChildrenFromFields()) {
                pair.add(cell(part, at));
            }
        }
        return list;
    }

    private static JsonNode integer(long value) {
        return Math.abs(value) <= EXACT && value != Long.MIN_VALUE ? JSON.numberNode(value) : JSON.textNode("" + value);
    }

    private static JsonNode number(double value) {
        boolean plain = Double.isFinite(value) && (value != 0 || 1 / value > 0);
        return plain ? JSON.numberNode(value) : JSON.textNode(Double.toString(value));
    }

    private static ObjectNode zoned(long packed) {
        short key = (short) (packed & 0xFFF);
        ObjectNode node = JSON.objectNode();
        node.set("packed", integer(packed));
        node.put("millis", packed >> 12).put("zoneKey", key).put("zone", TimeZoneKey.getTimeZoneKey(key).getId());
        return node;
    }
}
