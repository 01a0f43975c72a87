package peer;

import com.amazonaws.athena.connector.lambda.data.SchemaBuilder;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.arrow.vector.types.pojo.Schema;

/** 36,000 rows in nine partitions. The id of a row determines its values. */
final class Events implements Table {
    private static final List<Integer> YEARS = List.of(2022, 2023, 2024);
    private static final List<String> REGIONS = Arrays.asList("amer", "apac", null);
    private static final long ROWS_OF_A_PARTITION = 4_000;

    @Override
    public Schema schema() {
        return SchemaBuilder.newBuilder()
                .addIntField("year")
                .addStringField("region")
                .addBigIntField("id")
                .addFloat8Field("amount")
                .addDecimalField("price", 12, 2)
                .addStringField("note")
                .addDateDayField("born")
                .addDateMilliField("seen")
                .addMetadata("note", "words, more or fewer")
                .build();
    }

    @Override
    public List<String> partitionColumns() {
        return List.of("year", "region");
    }

    @Override
    public List<Map<String, Object>> partitions() {
        List<Map<String, Object>> partitions = new ArrayList<>();
        for (Integer year : YEARS) {
            for (String region : REGIONS) {
                Map<String, Object> partition = new HashMap<>();
                partition.put("year", year);
                partition.put("region", region);
                partitions.add(partition);
            }
        }
        return partitions;
    }

    /** Returns one split, or two in the last year. */
    @Override
    public List<Map<String, String>> splits(Map<String, Object> partition) {
        Integer year = (Integer) partition.get("year");
        int number = YEARS.indexOf(year) * REGIONS.size() + REGIONS.indexOf((String) partition.get("region"));
        long begin = number * ROWS_OF_A_PARTITION;
        long end = begin + ROWS_OF_A_PARTITION;
        long middle = begin + ROWS_OF_A_PARTITION / 2;
        if (year == 2024) {
            return List.of(split(begin, middle), split(middle, end));
        }
        return List.of(split(begin, end));
    }

    private static Map<String, String> split(long from, long to) {
        return Map.of("from", Long.toString(from), "to", Long.toString(to));
    }

    @Override
    public Iterable<Map<String, Object>> rows(Map<String, String> split) {
        return LongStream.range(Long.parseLong(split.get("from")), Long.parseLong(split.get("to")))
                .mapToObj(Events::row)::iterator;
    }

    private static Map<String, Object> row(long id) {
        int number = (int) (id / ROWS_OF_A_PARTITION);
        Map<String, Object> row = new HashMap<>();
        row.put("year", YEARS.get(number / REGIONS.size()));
        row.put("region", REGIONS.get(number % REGIONS.size()));
        row.put("id", id);
        row.put("amount", id % 7 == 3 ? null : id % 1_000 * 0.25 - 50.0);
        row.put("price", id % 11 == 5 ? null : BigDecimal.valueOf(id * 37 % 100_000 - 50_000, 2));
        row.put("note", id % 13 == 7 ? null : "note " + id + " word".repeat((int) (id % 120)));
        row.put("born", id % 17 == 0 ? null : (int) (id % 20_000 - 5_000));
        row.put("seen", id * 3_600_123 - 50_000_000_000L);
        return row;
    }
}
