package bench;

import static bench.Hash.letters;

import com.amazonaws.athena.connector.lambda.data.writers.extractors.BigIntExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.BitExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.DateDayExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.DateMilliExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.DecimalExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.Extractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.Float8Extractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.IntExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.SmallIntExtractor;
import com.amazonaws.athena.connector.lambda.data.writers.extractors.VarCharExtractor;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.LongToDoubleFunction;
import java.util.function.LongUnaryOperator;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** The tables, with an extractor for every column, as the SDK's guide recommends. */
enum BenchTable {
    WIDE16(
            column("id", int64(), Values::rowNumber),
            column("b1", int64(), index -> Values.bigInt(index, false, h -> h >>> 44)),
            column("b2", int64(), index -> Values.bigInt(index, true, h -> h)),
            column("i1", integer(32), index -> Values.integer(index, false, h -> h >>> 32)),
            column("i2", integer(32), index -> Values.integer(index, true, h -> (h & 0xFFFF) - 32_768)),
            column("s1", integer(16), Values::smallInt),
            column("f", ArrowType.Bool.INSTANCE, Values::bit),
            column("d1", float8(), index -> Values.float8(index, false, h -> (h >>> 11) * 0x1p-53)),
            column("d2", float8(), index -> Values.float8(index, true, h -> (h >> 24) * 0x1p-10)),
            column("m", new ArrowType.Decimal(15, 2, 128), Values::money),
            column("dd", new ArrowType.Date(DateUnit.DAY), Values::days),
            column("dm", new ArrowType.Date(DateUnit.MILLISECOND), Values::milliseconds),
            column("v8", utf8(), index -> Values.text(index, false, h -> letters(h, 7 + (int) (h >>> 8 & 3)))),
            column("v16", utf8(), index -> Values.text(index, true, BenchTable::lettersWithEnd)),
            column("v24", utf8(), index -> Values.text(index, true, h -> letters(h, 20 + (int) (h >>> 8 & 7)))),
            column("v48", utf8(), index -> Values.text(index, false, h -> letters(h, 40 + (int) (h >>> 8 & 15))))),
    NARROW3(
            column("id", int64(), Values::rowNumber),
            column("k", int64(), index -> Values.bigInt(index, false, h -> h)),
            column("v", utf8(), index -> Values.text(index, false, h -> letters(h, 8))));

    static final String SCHEMA = "bench";
    static final long ROWS = 1_000_000;

    /** A column: its field, and the extractor of its values by its index. */
    record Column(Field field, java.util.function.IntFunction<Extractor> values) {}

    /** The current row of the extractors; one object for a whole read. */
    static final class Row {
        long number;
    }

    final List<Column> columns;

    BenchTable(Column... columns) {
        this.columns = Arrays.asList(columns);
    }

    static BenchTable named(String name) {
        return valueOf(name.toUpperCase(java.util.Locale.ROOT));
    }

    Schema schema() {
        return new Schema(columns.stream().map(Column::field).toList());
    }

    private static Column column(String name, ArrowType type, java.util.function.IntFunction<Extractor> values) {
        return new Column(Field.nullable(name, type), values);
    }

    private static ArrowType int64() {
        return integer(64);
    }

    private static ArrowType integer(int bits) {
        return new ArrowType.Int(bits, true);
    }

    private static ArrowType float8() {
        return new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
    }

    private static ArrowType utf8() {
        return ArrowType.Utf8.INSTANCE;
    }

    private static String lettersWithEnd(long hash) {
        String letters = letters(hash, 12 + (int) (hash >>> 8 & 7));
        return switch ((int) (hash >>> 32 & 15)) {
            case 0 -> letters + "\u00E9";
            case 1 -> letters + "\u6F22";
            case 2 -> letters + "\uD83D\uDE80";
            default -> letters;
        };
    }

    /** Extractors by kind of value. */
    private static final class Values {
        static Extractor rowNumber(int index) {
            return (BigIntExtractor) (row, value) -> {
                value.isSet = 1;
                value.value = ((Row) row).number;
            };
        }

        static Extractor bigInt(int index, boolean nulls, LongUnaryOperator of) {
            return (BigIntExtractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, nulls);
                value.value = of.applyAsLong(hash);
            };
        }

        static Extractor integer(int index, boolean nulls, LongUnaryOperator of) {
            return (IntExtractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, nulls);
                value.value = (int) of.applyAsLong(hash);
            };
        }

        static Extractor smallInt(int index) {
            return (SmallIntExtractor) (row, value) -> {
                value.isSet = 1;
                value.value = (short) hash(row, index);
            };
        }

        static Extractor bit(int index) {
            return (BitExtractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, true);
                value.value = (int) (hash & 1);
            };
        }

        static Extractor float8(int index, boolean nulls, LongToDoubleFunction of) {
            return (Float8Extractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, nulls);
                value.value = of.applyAsDouble(hash);
            };
        }

        static Extractor money(int index) {
            return (DecimalExtractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, true);
                value.value = value.isSet == 1 ? BigDecimal.valueOf(hash >> 20, 2) : null;
            };
        }

        static Extractor days(int index) {
            return (DateDayExtractor) (row, value) -> {
                value.isSet = 1;
                value.value = (int) (hash(row, index) & 0x7FFF);
            };
        }

        static Extractor milliseconds(int index) {
            return (DateMilliExtractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, true);
                value.value = hash >>> 24;
            };
        }

        static Extractor text(int index, boolean nulls, LongFunction<String> of) {
            return (VarCharExtractor) (row, value) -> {
                long hash = hash(row, index);
                value.isSet = isSet(hash, nulls);
                value.value = value.isSet == 1 ? of.apply(hash) : null;
            };
        }

        private static long hash(Object row, int index) {
            return Hash.cell(((Row) row).number, index);
        }

        private static int isSet(long hash, boolean nulls) {
            return nulls && Hash.isNull(hash) ? 0 : 1;
        }
    }
}
