package peer;

import com.amazonaws.athena.connector.lambda.data.FieldBuilder;
import com.amazonaws.athena.connector.lambda.data.SchemaBuilder;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.Types.MinorType;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** A column of every supported type: ordinary values, extremes, nulls, empty values, and edge cases. */
final class Kinds implements Table {
    private static final ArrowType VARCHAR = MinorType.VARCHAR.getType();

    @Override
    public Schema schema() {
        return SchemaBuilder.newBuilder()
                .addIntField("id")
                .addBitField("flag")
                .addTinyIntField("tiny")
                .addSmallIntField("small")
                .addIntField("whole")
                .addBigIntField("large")
                .addFloat4Field("real4")
                .addFloat8Field("real8")
                .addDecimalField("price", 12, 2)
                .addDecimalField("huge", 38, 10)
                .addStringField("name")
                .addField("bytes", MinorType.VARBINARY.getType())
                .addDateDayField("born")
                .addDateMilliField("seen")
                .addField("zoned", new ArrowType.Timestamp(TimeUnit.MILLISECOND, "UTC"))
                .addListField("tags", VARCHAR)
                .addField(FieldBuilder.newBuilder("point", MinorType.STRUCT.getType())
                        .addFloat8Field("x")
                        .addStringField("label")
                        .build())
                .addField(mapOfCounts())
                .addField(FieldBuilder.newBuilder("lines", MinorType.LIST.getType())
                        .addField(FieldBuilder.newBuilder("line", MinorType.STRUCT.getType())
                                .addIntField("number")
                                .addListField("words", VARCHAR)
                                .build())
                        .build())
                .addMetadata("price", "what it costs")
                .build();
    }

    /** Creates a map from strings to numbers, with the field names that its writer requires. */
    private static Field mapOfCounts() {
        Field key = new Field("key", FieldType.notNullable(VARCHAR), null);
        Field value = new Field("value", FieldType.nullable(MinorType.BIGINT.getType()), null);
        Field entries = new Field("entries", FieldType.notNullable(MinorType.STRUCT.getType()), List.of(key, value));
        return new Field("counts", FieldType.nullable(new ArrowType.Map(false)), List.of(entries));
    }

    @Override
    public Iterable<Map<String, Object>> rows(Map<String, String> split) {
        List<String> names = new ArrayList<>();
        schema().getFields().forEach(field -> names.add(field.getName()));
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Object[] values : ROWS) {
            Map<String, Object> row = new HashMap<>();
            for (int column = 0; column < values.length; column++) {
                row.put(names.get(column), values[column]);
            }
            rows.add(row);
        }
        return rows;
    }

    private static final Object[][] ROWS = {
        {
            1, true, 1, 2, 3, 4L, 1.5f, 2.5, decimal("12.34"), decimal("0.0000000001"), "one", bytes("one"),
            LocalDate.of(2024, 2, 29), LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789_000_000), zoned("2024-03-01T12:00:00Z"),
            List.of("a", "b"), point(1.5, "here"), counts("x", 1L, "y", 2L),
            List.of(line(1, "first"), line(2, "second", "line")),
        },
        {
            2, true, 127, 32_767, Integer.MAX_VALUE, Long.MAX_VALUE, Float.MAX_VALUE, Double.MAX_VALUE,
            decimal("9999999999.99"), decimal("9999999999999999999999999999.9999999999"), "z".repeat(3_000), base64("/////w=="),
            LocalDate.of(9999, 12, 31), LocalDateTime.of(9999, 12, 31, 23, 59, 59, 999_000_000),
            zoned("2037-12-31T23:59:59.999+14:00"), List.of("z".repeat(300)), point(Double.MAX_VALUE, "most"),
            counts("max", Long.MAX_VALUE), List.of(line(Integer.MAX_VALUE, "z")),
        },
        {
            3, false, -128, -32_768, Integer.MIN_VALUE, Long.MIN_VALUE, -Float.MAX_VALUE, -Double.MAX_VALUE,
            decimal("-9999999999.99"), decimal("-9999999999999999999999999999.9999999999"), "\u0001", base64("AA=="),
            LocalDate.of(1, 1, 1), LocalDateTime.of(1, 1, 1, 0, 0), zoned("1900-01-01T00:00:00-14:00"), List.of(""),
            point(-Double.MAX_VALUE, "least"), counts("min", Long.MIN_VALUE), List.of(line(Integer.MIN_VALUE)),
        },
        {
            4, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        },
        {
            5, false, 0, 0, 0, 0L, 0.0f, 0.0, decimal("0.00"), decimal("0"), "", bytes(""), LocalDate.of(1970, 1, 1),
            LocalDateTime.of(1970, 1, 1, 0, 0), zoned("1970-01-01T00:00:00Z"), List.of(), point(0.0, ""), counts(), List.of(),
        },
        {
            6, null, -1, -1, -1, -1L, -0.0f, -0.0, decimal("-0.01"), decimal("-0.0000000001"), "häuser 家 😀 'quoted' \"too\"",
            bytes("häuser"), LocalDate.of(1969, 12, 31), LocalDateTime.of(1969, 12, 31, 23, 59, 59, 999_000_000),
            zoned("2024-07-04T09:30:00-04:00[America/New_York]"), Arrays.asList(null, "x", null), point(null, null),
            counts("none", null, "ü", 3L), Arrays.asList(null, line(null, "a", null)),
        },
        {
            7, true, 1, 2, 3, 4L, Float.NaN, Double.NaN, decimal("12.34"), decimal("1.5"), "ONE", bytes("ONE"),
            LocalDate.of(2024, 2, 29), LocalDateTime.of(2024, 2, 29, 12, 34, 56, 789_000_000),
            zoned("2024-03-01T17:30:00+05:30"), List.of("a", "b"), point(Double.NaN, "nowhere"), counts("x", 1L, "y", 2L),
            List.of(line(1, "first"), line(2, "second", "line")),
        },
        {
            8, false, 9, 10, 11, 12L, Float.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, decimal("100.00"), decimal("100"),
            "one ", bytes("one "), LocalDate.of(1582, 10, 4), LocalDateTime.of(1582, 10, 15, 0, 0), null, null,
            point(Double.NEGATIVE_INFINITY, null), null, null,
        },
        {
            9, null, null, null, null, null, Float.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, null, null, "tab\tline\nend",
            base64("AAECAwQFBgcICQ=="), null, null, zoned("2024-03-01T13:00:00+01:00[Europe/Berlin]"), List.of("c"), null,
            counts("z", 26L), List.of(line(3)),
        },
        {
            10, true, 1, null, 4, null, Float.MIN_VALUE, Double.MIN_VALUE, null, decimal("2.5"), null, null,
            LocalDate.of(2024, 3, 1), null, null, List.of(), point(2.5, "there"), null, null,
        },
    };

    private static BigDecimal decimal(String text) {
        return new BigDecimal(text);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] base64(String text) {
        return Base64.getDecoder().decode(text);
    }

    /** Parses a timestamp with time zone; {@code Z} is UTC. */
    private static ZonedDateTime zoned(String text) {
        ZonedDateTime time = ZonedDateTime.parse(text);
        return text.endsWith("Z") ? time.withZoneSameInstant(ZoneId.of("UTC")) : time;
    }

    private static Map<String, Object> point(Double x, String label) {
        Map<String, Object> point = new HashMap<>();
        point.put("x", x);
        point.put("label", label);
        return point;
    }

    private static Map<String, Object> line(Integer number, String... words) {
        Map<String, Object> line = new HashMap<>();
        line.put("number", number);
        line.put("words", Arrays.asList(words));
        return line;
    }

    /** Creates a map from alternating keys and values. */
    private static Map<String, Object> counts(Object... pairs) {
        Map<String, Object> counts = new TreeMap<>();
        for (int at = 0; at < pairs.length; at += 2) {
            counts.put((String) pairs[at], pairs[at + 1]);
        }
        return counts;
    }
}
