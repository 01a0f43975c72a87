package peer;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockUtils;
import com.amazonaws.athena.connector.lambda.data.SchemaBuilder;
import com.amazonaws.athena.connector.lambda.domain.predicate.Constraints;
import com.amazonaws.athena.connector.lambda.domain.predicate.EquatableValueSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.OrderByField;
import com.amazonaws.athena.connector.lambda.domain.predicate.Range;
import com.amazonaws.athena.connector.lambda.domain.predicate.SortedRangeSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.ValueSet;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.ConstantExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.FederationExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.FunctionCallExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.expression.VariableExpression;
import com.amazonaws.athena.connector.lambda.domain.predicate.functions.StandardFunctions;
import java.math.BigDecimal;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.Types.MinorType;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Schema;

/** Predicates, partitions and arguments of the requests. {@code tests/tests/java/expected.rs} has the expected responses. */
final class Samples {
    private static final ArrowType BIT = MinorType.BIT.getType();
    private static final ArrowType INT = MinorType.INT.getType();
    private static final ArrowType BIGINT = MinorType.BIGINT.getType();
    private static final ArrowType DOUBLE = MinorType.FLOAT8.getType();
    private static final ArrowType VARCHAR = MinorType.VARCHAR.getType();
    private static final ArrowType PRICE = new ArrowType.Decimal(12, 2, 128);
    private static final ArrowType ZONED = new ArrowType.Timestamp(TimeUnit.MILLISECOND, "UTC");

    private final BlockAllocator allocator;

    Samples(BlockAllocator allocator) {
        this.allocator = allocator;
    }

    Constraints nothing() {
        return constraints(Map.of());
    }

    /** {@code year > 2022 AND (region IS NULL OR region = 'amer')}. */
    Constraints somePartitions() {
        return constraints(Map.of(
                "year", SortedRangeSet.of(false, Range.greaterThan(allocator, INT, 2022)),
                "region", SortedRangeSet.of(true, Range.equal(allocator, VARCHAR, "amer"))));
    }

    /** A condition with every kind of value set on several types; each allows nulls. */
    Constraints someKinds() {
        ZonedDateTime limit = ZonedDateTime.parse("2024-03-01T13:00:01+01:00[Europe/Berlin]");
        ValueSet otherNames = EquatableValueSet.newBuilder(allocator, VARCHAR, false, true).add("ONE").build();
        ValueSet flags = EquatableValueSet.newBuilder(allocator, BIT, true, true).add(true).build();
        return constraints(Map.of(
                "whole", SortedRangeSet.of(true, Range.range(allocator, INT, -1, true, 11, true)),
                "price", SortedRangeSet.of(true, Range.lessThan(allocator, PRICE, new BigDecimal("100.00"))),
                "zoned", SortedRangeSet.of(true, Range.lessThan(allocator, ZONED, limit)),
                "name", otherNames,
                "flag", flags));
    }

    /** {@code id < 1000 AND amount > 100 ORDER BY amount DESC NULLS LAST LIMIT 5}, with the second condition as an expression. */
    Constraints topEvents() {
        Block hundred = BlockUtils.newBlock(allocator, "col1", DOUBLE, 100.0);
        FederationExpression condition = new FunctionCallExpression(
                BIT,
                StandardFunctions.GREATER_THAN_OPERATOR_FUNCTION_NAME.getFunctionName(),
                List.of(new VariableExpression("amount", DOUBLE), new ConstantExpression(hundred, DOUBLE)));
        return new Constraints(
                Map.of("id", SortedRangeSet.of(false, Range.lessThan(allocator, BIGINT, 1_000L))),
                List.of(condition),
                List.of(new OrderByField("amount", OrderByField.Direction.DESC_NULLS_LAST)),
                5,
                Map.of(),
                null);
    }

    private static Constraints constraints(Map<String, ValueSet> summary) {
        return new Constraints(summary, List.of(), List.of(), Constraints.DEFAULT_NO_LIMIT, Map.of(), null);
    }

    /** The partition of 2022 and amer. */
    Block firstPartition() {
        Block block = allocator.createBlock(
                SchemaBuilder.newBuilder().addIntField("year").addStringField("region").build());
        block.setValue("year", 0, 2022);
        block.setValue("region", 0, "amer");
        block.setRowCount(1);
        return block;
    }

    /** The only partition of a table without partition columns. */
    Block noPartition() {
        return BlockUtils.newBlock(allocator, "partitionId", INT, 1);
    }

    /** Strings and lengths, with nulls in both columns. */
    Block functionArguments() {
        String[] texts = {"one", null, "h\u00e4user \ud83d\ude00", "", "word", "h\u00e4user \ud83d\ude00"};
        Integer[] numbers = {2, 3, 20, 1, null, 8};
        Block block =
                allocator.createBlock(SchemaBuilder.newBuilder().addStringField("0").addIntField("1").build());
        for (int row = 0; row < texts.length; row++) {
            block.setValue("0", row, texts[row]);
            block.setValue("1", row, numbers[row]);
        }
        block.setRowCount(texts.length);
        return block;
    }

    Schema functionResult() {
        return SchemaBuilder.newBuilder().addStringField("head").build();
    }
}
