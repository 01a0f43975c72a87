package bench;

import com.amazonaws.athena.connector.lambda.QueryStatusChecker;
import com.amazonaws.athena.connector.lambda.data.BlockAllocator;
import com.amazonaws.athena.connector.lambda.data.BlockWriter;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.handlers.MetadataHandler;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesResponse;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** One schema, its tables, and ten splits for each table. */
final class BenchMetadataHandler extends MetadataHandler {
    private static final long SPLITS = 10;

    BenchMetadataHandler(Map<String, String> options) {
        super("bench", options);
    }

    @Override
    public ListSchemasResponse doListSchemaNames(BlockAllocator allocator, ListSchemasRequest request) {
        return new ListSchemasResponse(request.getCatalogName(), List.of(BenchTable.SCHEMA));
    }

    @Override
    public ListTablesResponse doListTables(BlockAllocator allocator, ListTablesRequest request) {
        List<TableName> tables = Arrays.stream(BenchTable.values())
                .map(table -> new TableName(BenchTable.SCHEMA, table.name().toLowerCase(Locale.ROOT)))
                .toList();
        return new ListTablesResponse(request.getCatalogName(), tables, null);
    }

    @Override
    public GetTableResponse doGetTable(BlockAllocator allocator, GetTableRequest request) {
        TableName name = request.getTableName();
        return new GetTableResponse(
                request.getCatalogName(), name, BenchTable.named(name.getTableName()).schema(), Set.of());
    }

    @Override
    public void getPartitions(BlockWriter writer, GetTableLayoutRequest request, QueryStatusChecker checker) {
        // Not partitioned: the SDK adds the single partition.
    }

    @Override
    public GetSplitsResponse doGetSplits(BlockAllocator allocator, GetSplitsRequest request) {
        Set<Split> splits = new HashSet<>();
        long rows = BenchTable.ROWS / SPLITS;
        for (long split = 0; split < SPLITS; split++) {
            splits.add(Split.newBuilder(makeSpillLocation(request), makeEncryptionKey())
                    .add("start", Long.toString(split * rows))
                    .add("end", Long.toString((split + 1) * rows))
                    .build());
        }
        return new GetSplitsResponse(request.getCatalogName(), splits, null);
    }
}
