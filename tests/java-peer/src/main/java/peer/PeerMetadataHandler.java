package peer;

import com.amazonaws.athena.connector.lambda.QueryStatusChecker;
import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockWriter;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.domain.predicate.functions.StandardFunctions;
import com.amazonaws.athena.connector.lambda.handlers.MetadataHandler;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesResponse;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.DataSourceOptimizations;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.OptimizationSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.ComplexExpressionPushdownSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.FilterPushdownSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.LimitPushdownSubType;
import com.amazonaws.athena.connector.lambda.metadata.optimizations.pushdown.TopNPushdownSubType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.complex.reader.FieldReader;

/** Schemas, tables, partitions and splits. */
final class PeerMetadataHandler extends MetadataHandler {
    /** Small enough for more than one page. */
    private static final int PARTITIONS_OF_A_PAGE = 4;

    PeerMetadataHandler(Map<String, String> options) {
        super("peer", options);
    }

    @Override
    public ListSchemasResponse doListSchemaNames(BlockAllocator allocator, ListSchemasRequest request) {
        return new ListSchemasResponse(request.getCatalogName(), List.of(Table.SCHEMA));
    }

    @Override
    public ListTablesResponse doListTables(BlockAllocator allocator, ListTablesRequest request) {
        List<TableName> tables =
                Table.ALL.keySet().stream().sorted().map(name -> new TableName(Table.SCHEMA, name)).toList();
        return new ListTablesResponse(request.getCatalogName(), tables, null);
    }

    /**
     * Announces all capabilities in order to receive expressions, orders and limits. It evaluates none of them: a
     * connector may return extra rows, which the engine drops.
     */
    @Override
    public GetDataSourceCapabilitiesResponse doGetDataSourceCapabilities(
            BlockAllocator allocator, GetDataSourceCapabilitiesRequest request) {
        String[] functions = Arrays.stream(StandardFunctions.values())
                .map(function -> function.getFunctionName().getFunctionName())
                .toArray(String[]::new);
        Map<String, List<OptimizationSubType>> capabilities = Map.ofEntries(
                DataSourceOptimizations.SUPPORTS_FILTER_PUSHDOWN.withSupportedSubTypes(FilterPushdownSubType.values()),
                DataSourceOptimizations.SUPPORTS_COMPLEX_EXPRESSION_PUSHDOWN.withSupportedSubTypes(
                        ComplexExpressionPushdownSubType.SUPPORTED_FUNCTION_EXPRESSION_TYPES.withSubTypeProperties(functions)),
                DataSourceOptimizations.SUPPORTS_LIMIT_PUSHDOWN.withSupportedSubTypes(LimitPushdownSubType.INTEGER_CONSTANT),
                DataSourceOptimizations.SUPPORTS_TOP_N_PUSHDOWN.withSupportedSubTypes(TopNPushdownSubType.SUPPORTS_ORDER_BY));
        return new GetDataSourceCapabilitiesResponse(request.getCatalogName(), capabilities);
    }

    @Override
    public GetTableResponse doGetTable(BlockAllocator allocator, GetTableRequest request) {
        TableName name = request.getTableName();
        Table table = Table.named(name);
        Set<String> partitionColumns = new LinkedHashSet<>(table.partitionColumns());
        return new GetTableResponse(request.getCatalogName(), name, table.schema(), partitionColumns);
    }

    @Override
    public void getPartitions(BlockWriter writer, GetTableLayoutRequest request, QueryStatusChecker checker) {
        for (Map<String, Object> partition : Table.named(request.getTableName()).partitions()) {
            writer.writeRows((Block block, int row) -> {
                boolean matched = true;
                for (Map.Entry<String, Object> value : partition.entrySet()) {
                    matched &= block.setValue(value.getKey(), row, value.getValue());
                }
                return matched ? 1 : 0;
            });
        }
    }

    @Override
    public GetSplitsResponse doGetSplits(BlockAllocator allocator, GetSplitsRequest request) {
        Table table = Table.named(request.getTableName());
        Block partitions = request.getPartitions();
        int begin = request.getContinuationToken() == null ? 0 : Integer.parseInt(request.getContinuationToken());
        int end = Math.min(begin + PARTITIONS_OF_A_PAGE, partitions.getRowCount());
        Set<Split> splits = new HashSet<>();
        for (int row = begin; row < end; row++) {
            for (Map<String, String> properties : table.splits(partition(table, partitions, row))) {
                // Every split has its own spill location and key.
                splits.add(Split.newBuilder(makeSpillLocation(request), makeEncryptionKey())
                        .applyProperties(properties)
                        .build());
            }
        }
        String token = end < partitions.getRowCount() ? Integer.toString(end) : null;
        return new GetSplitsResponse(request.getCatalogName(), splits, token);
    }

    private static Map<String, Object> partition(Table table, Block partitions, int row) {
        Map<String, Object> values = new HashMap<>();
        for (String column : table.partitionColumns()) {
            FieldReader reader = partitions.getFieldReader(column);
            reader.setPosition(row);
            Object value = reader.readObject();
            values.put(column, value instanceof Integer || value == null ? value : value.toString());
        }
        return values;
    }
}
