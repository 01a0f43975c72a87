package peer;

import com.amazonaws.athena.connector.lambda.data.Block;
import com.amazonaws.athena.connector.lambda.data.BlockAllocatorImpl;
import com.amazonaws.athena.connector.lambda.data.S3BlockSpillReader;
import com.amazonaws.athena.connector.lambda.domain.Split;
import com.amazonaws.athena.connector.lambda.domain.TableName;
import com.amazonaws.athena.connector.lambda.domain.predicate.Constraints;
import com.amazonaws.athena.connector.lambda.domain.spill.S3SpillLocation;
import com.amazonaws.athena.connector.lambda.domain.spill.SpillLocation;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetDataSourceCapabilitiesResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetSplitsResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableLayoutResponse;
import com.amazonaws.athena.connector.lambda.metadata.GetTableRequest;
import com.amazonaws.athena.connector.lambda.metadata.GetTableResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListSchemasResponse;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesRequest;
import com.amazonaws.athena.connector.lambda.metadata.ListTablesResponse;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsRequest;
import com.amazonaws.athena.connector.lambda.records.ReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.records.RemoteReadRecordsResponse;
import com.amazonaws.athena.connector.lambda.request.PingRequest;
import com.amazonaws.athena.connector.lambda.request.PingResponse;
import com.amazonaws.athena.connector.lambda.security.FederatedIdentity;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionRequest;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionResponse;
import com.amazonaws.athena.connector.lambda.udf.UserDefinedFunctionType;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.arrow.vector.types.pojo.Schema;
import software.amazon.awssdk.services.s3.S3Client;

/** Sends every message in one version and prints the decoded responses. */
final class Conversation implements AutoCloseable {
    private static final String CATALOG = "peer";
    private static final TableName KINDS = new TableName(Table.SCHEMA, "kinds");
    private static final TableName EMPTY = new TableName(Table.SCHEMA, "empty");
    private static final TableName EVENTS = new TableName(Table.SCHEMA, "events");
    private static final FederatedIdentity ANALYST = new FederatedIdentity(
            "arn:aws:sts::111122223333:assumed-role/Analyst/jo", "111122223333", Map.of("team", "finance"), List.of(), Map.of());
    private static final int FIRST_VERSION_WITH_CAPABILITIES = 4;
    private static final long INLINE = 5_242_880;
    private static final long SPILL_ALL = 0;
    /** Small enough to spill a split in several objects. */
    private static final long BLOCK_SIZE = 200_000;

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final int version;
    private final String query;
    private final BlockAllocatorImpl allocator = new BlockAllocatorImpl();
    private final Samples samples = new Samples(allocator);
    private final Function function;
    private final Function clear;
    private final S3Client s3 = S3Client.create();

    // State from earlier responses for later requests.
    private final Map<TableName, Schema> schemas = new HashMap<>();
    private Block partitions;

    Conversation(int version, URI endpoint) {
        this.version = version;
        this.query = "query-" + version;
        this.function = new Function(endpoint, "peer", allocator, version);
        this.clear = new Function(endpoint, "clear", allocator, version);
    }

    void run() {
        step("Ping", this::ping);
        step("ListSchemas", this::listSchemas);
        step("ListTables", this::listTables);
        step("GetTable empty", () -> getTable(EMPTY));
        step("GetTable kinds", () -> getTable(KINDS));
        step("GetTable events", () -> getTable(EVENTS));
        step("GetTable nothing", this::getNoTable);
        step("GetTableLayout", this::getTableLayout);
        step("GetSplits", this::getSplits);
        step("ReadRecords empty", () -> inline(EMPTY, samples.nothing()));
        step("ReadRecords whole", () -> inline(KINDS, samples.nothing()));
        step("ReadRecords filtered", () -> inline(KINDS, samples.someKinds()));
        step("RemoteReadRecords kinds", () -> spilled(function, KINDS));
        step("RemoteReadRecords events", () -> spilled(function, EVENTS));
        step("RemoteReadRecords clear", () -> spilled(clear, EVENTS));
        step("UserDefinedFunction", this::callFunction);
        if (version >= FIRST_VERSION_WITH_CAPABILITIES) {
            step("GetDataSourceCapabilities", this::getCapabilities);
            step("ReadRecords ordered", () -> inline(EVENTS, samples.topEvents()));
        }
    }

    /** Prints the response of a step, or its error. */
    private void step(String name, Callable<ObjectNode> step) {
        ObjectNode line = JSON.objectNode().put("version", version).put("case", name);
        try {
            line.set("answer", step.call());
        } catch (Exception | LinkageError | OutOfMemoryError error) {
            line.put("error", error.toString());
        }
        System.out.println(line);
    }

    private ObjectNode ping() throws Exception {
        PingResponse ping = function.invoke(new PingRequest(ANALYST, CATALOG, query), PingResponse.class);
        return JSON.objectNode()
                .put("catalogName", ping.getCatalogName())
                .put("queryId", ping.getQueryId())
                .put("sourceType", ping.getSourceType())
                .put("capabilities", ping.getCapabilities())
                .put("serDeVersion", ping.getSerDeVersion());
    }

    private ObjectNode listSchemas() throws Exception {
        ListSchemasRequest request = new ListSchemasRequest(ANALYST, query, CATALOG);
        ListSchemasResponse response = function.invoke(request, ListSchemasResponse.class);
        ObjectNode answer = JSON.objectNode().put("catalogName", response.getCatalogName());
        answer.set("schemas", texts(response.getSchemas()));
        return answer;
    }

    /** Lists all tables in pages of two. */
    private ObjectNode listTables() throws Exception {
        ArrayNode pages = JSON.arrayNode();
        String token = null;
        do {
            ListTablesRequest request = new ListTablesRequest(ANALYST, query, CATALOG, Table.SCHEMA, token, 2);
            ListTablesResponse response = function.invoke(request, ListTablesResponse.class);
            pages.add(texts(response.getTables().stream().map(TableName::getQualifiedTableName).toList()));
            token = response.getNextToken();
        } while (token != null);
        return JSON.objectNode().set("pages", pages);
    }

    private ObjectNode getTable(TableName name) throws Exception {
        GetTableRequest request = new GetTableRequest(ANALYST, query, CATALOG, name, Map.of());
        GetTableResponse response = function.invoke(request, GetTableResponse.class);
        schemas.put(name, response.getSchema());
        ObjectNode answer = JSON.objectNode()
                .put("catalogName", response.getCatalogName())
                .put("table", response.getTableName().getQualifiedTableName());
        answer.set("schema", CanonicalJson.schema(response.getSchema()));
        answer.set("partitionColumns", texts(response.getPartitionColumns()));
        return answer;
    }

    private ObjectNode getNoTable() throws Exception {
        TableName nothing = new TableName(Table.SCHEMA, "nothing");
        GetTableRequest request = new GetTableRequest(ANALYST, query, CATALOG, nothing, Map.of());
        return JSON.objectNode().put("message", function.invokeExpectingError(request).getMessage());
    }

    private ObjectNode getTableLayout() throws Exception {
        Set<String> columns = new LinkedHashSet<>(List.of("year", "region"));
        GetTableLayoutRequest request =
                new GetTableLayoutRequest(ANALYST, query, CATALOG, EVENTS, samples.somePartitions(), schemas.get(EVENTS), columns);
        GetTableLayoutResponse response = function.invoke(request, GetTableLayoutResponse.class);
        partitions = response.getPartitions();
        ObjectNode answer = JSON.objectNode().put("table", response.getTableName().getQualifiedTableName());
        answer.set("partitions", CanonicalJson.rows(response.getPartitions()));
        return answer;
    }

    private ObjectNode getSplits() throws Exception {
        ArrayNode splits = JSON.arrayNode();
        for (Split split : splitsOf(function, EVENTS, partitions, samples.somePartitions())) {
            ObjectNode line = splits.addObject();
            line.set("properties", CanonicalJson.texts(split.getProperties()));
            line.put("key bytes", split.getEncryptionKey().getKey().length);
            line.put("bucket", ((S3SpillLocation) split.getSpillLocation()).getBucket());
        }
        return JSON.objectNode().set("splits", splits);
    }

    private List<Split> splitsOf(Function target, TableName table, Block block, Constraints constraints) throws Exception {
        List<String> columns = table.equals(EVENTS) ? List.of("year", "region") : List.of();
        List<Split> splits = new ArrayList<>();
        String token = null;
        do {
            GetSplitsRequest request =
                    new GetSplitsRequest(ANALYST, query, CATALOG, table, block, columns, constraints, token);
            GetSplitsResponse response = target.invoke(request, GetSplitsResponse.class);
            splits.addAll(response.getSplits());
            token = response.getContinuationToken();
        } while (token != null);
        return splits;
    }

    /** Returns the first split of a table: in the first partition of events, else the only split. */
    private Split firstSplit(Function target, TableName table) throws Exception {
        Block block = table.equals(EVENTS) ? samples.firstPartition() : samples.noPartition();
        return splitsOf(target, table, block, samples.nothing()).get(0);
    }

    private ObjectNode inline(TableName table, Constraints constraints) throws Exception {
        Split split = firstSplit(function, table);
        ReadRecordsRequest request = new ReadRecordsRequest(
                ANALYST, CATALOG, query, table, schemas.get(table), split, constraints, BLOCK_SIZE, INLINE);
        ReadRecordsResponse response = function.invoke(request, ReadRecordsResponse.class);
        ObjectNode answer = JSON.objectNode().put("catalogName", response.getCatalogName());
        answer.set("schema", CanonicalJson.schema(response.getSchema()));
        answer.set("rows", CanonicalJson.rows(response.getRecords()));
        return answer;
    }

    private ObjectNode spilled(Function target, TableName table) throws Exception {
        Split split = firstSplit(target, table);
        ReadRecordsRequest request = new ReadRecordsRequest(
                ANALYST, CATALOG, query, table, schemas.get(table), split, samples.nothing(), BLOCK_SIZE, SPILL_ALL);
        RemoteReadRecordsResponse response = target.invoke(request, RemoteReadRecordsResponse.class);
        S3BlockSpillReader reader = new S3BlockSpillReader(s3, allocator);
        ArrayNode rows = JSON.arrayNode();
        Set<String> locations = new HashSet<>();
        Set<String> framings = new TreeSet<>();
        for (SpillLocation location : response.getRemoteBlocks()) {
            S3SpillLocation place = (S3SpillLocation) location;
            locations.add(place.getBucket() + "/" + place.getKey());
            framings.add(framing(reader.read(place, response.getEncryptionKey())));
            try (Block block = reader.read(place, response.getEncryptionKey(), response.getSchema())) {
                rows.addAll(CanonicalJson.rows(block));
            }
        }
        ObjectNode answer = JSON.objectNode()
                .put("catalogName", response.getCatalogName())
                .put("objects", locations.size())
                .put("encrypted", response.getEncryptionKey() != null);
        answer.set("framings", texts(framings));
        answer.set("schema", CanonicalJson.schema(response.getSchema()));
        answer.set("rows", rows);
        return answer;
    }

    /** Returns the framing of a spilled block. The reader accepts both; the SDK spills in the legacy framing. */
    private static String framing(byte[] block) {
        boolean marked = block.length >= 4 && ByteBuffer.wrap(block).getInt() == -1;
        return marked ? "modern" : "legacy";
    }

    private ObjectNode callFunction() throws Exception {
        UserDefinedFunctionRequest request = new UserDefinedFunctionRequest(
                ANALYST, samples.functionArguments(), samples.functionResult(), "head", UserDefinedFunctionType.SCALAR);
        UserDefinedFunctionResponse response = function.invoke(request, UserDefinedFunctionResponse.class);
        ObjectNode answer = JSON.objectNode().put("methodName", response.getMethodName());
        answer.set("rows", CanonicalJson.rows(response.getRecords()));
        return answer;
    }

    private ObjectNode getCapabilities() throws Exception {
        GetDataSourceCapabilitiesRequest request = new GetDataSourceCapabilitiesRequest(ANALYST, query, CATALOG);
        GetDataSourceCapabilitiesResponse response = function.invoke(request, GetDataSourceCapabilitiesResponse.class);
        ObjectNode capabilities = JSON.objectNode();
        response.getCapabilities().forEach((name, subTypes) -> {
            ArrayNode list = capabilities.putArray(name);
            subTypes.forEach(subType ->
                    list.addObject().put("subType", subType.getSubType()).set("properties", texts(subType.getProperties())));
        });
        return JSON.objectNode().set("capabilities", capabilities);
    }

    private static ArrayNode texts(Collection<String> texts) {
        ArrayNode list = JSON.arrayNode();
        texts.forEach(list::add);
        return list;
    }

    @Override
    public void close() {
        s3.close();
    }
}
