-- Statements that must return equal rows from the Java and the Rust peer.
-- Each ends with a semicolon. If a statement has an ORDER BY, it is a total order, and the rows are compared in order.

-- Every type, whole and by column
SELECT * FROM kinds;
SELECT * FROM kinds ORDER BY id DESC;
SELECT id, flag FROM kinds WHERE flag ORDER BY id;
SELECT flag, count(*) AS n FROM kinds GROUP BY flag;
SELECT id FROM kinds WHERE tiny = -128 OR tiny = 127;
SELECT id, tiny FROM kinds WHERE tiny IN (1, 9);
SELECT id, small FROM kinds WHERE small < 0 ORDER BY small, id;
SELECT id, whole FROM kinds WHERE whole BETWEEN -1 AND 11 ORDER BY id;
SELECT id, large FROM kinds WHERE large >= 9223372036854775807;
SELECT id, large FROM kinds WHERE large <= -9223372036854775807;
SELECT id, real4 FROM kinds WHERE real4 > 1.0 ORDER BY id;
SELECT id, real8 FROM kinds WHERE real8 > 2.0 ORDER BY id;
SELECT id, real8 FROM kinds WHERE real8 = 0.0 ORDER BY id;
SELECT id, real8 FROM kinds WHERE real8 < 0 ORDER BY id;
SELECT id, real8 FROM kinds WHERE real8 <> 2.5 ORDER BY id;
SELECT id, price FROM kinds WHERE price = 12.34 ORDER BY id;
SELECT id, price FROM kinds WHERE price < 0 ORDER BY id;
SELECT id, price FROM kinds WHERE price > 12.339 AND price <= 100 ORDER BY id;
SELECT id, huge FROM kinds WHERE huge > 0 ORDER BY huge, id;
SELECT id, huge FROM kinds WHERE huge = -0.0000000001;
SELECT max(huge) AS most, min(huge) AS least, count(huge) AS n FROM kinds;
SELECT id, name FROM kinds WHERE name = 'one' ORDER BY id;
SELECT id, name FROM kinds WHERE name = '' ORDER BY id;
SELECT id, name FROM kinds WHERE name > 'one' ORDER BY id;
SELECT id, name FROM kinds WHERE name LIKE 'h%' OR name LIKE '%end' ORDER BY id;
SELECT id, length(name) AS n FROM kinds WHERE name IS NOT NULL ORDER BY id;
SELECT id FROM kinds WHERE name IS NULL ORDER BY id;
SELECT id FROM kinds WHERE name IN ('one', 'ONE', 'none') ORDER BY id;
SELECT id FROM kinds WHERE name NOT IN ('one', 'ONE') ORDER BY id;
SELECT id, bytes FROM kinds ORDER BY id;
SELECT id, bytes FROM kinds WHERE bytes = X'00' ORDER BY id;
SELECT id, born FROM kinds WHERE born < DATE '1970-01-01' ORDER BY born, id;
SELECT id, born FROM kinds WHERE born = DATE '2024-02-29' ORDER BY id;
SELECT id, born FROM kinds WHERE born BETWEEN DATE '1582-10-04' AND DATE '1970-01-01' ORDER BY id;
SELECT id, seen FROM kinds WHERE seen >= TIMESTAMP '2024-02-29 12:34:56.789' ORDER BY id;
SELECT id, seen FROM kinds WHERE seen < TIMESTAMP '1970-01-01 00:00:00' ORDER BY seen, id;
SELECT id, seen FROM kinds WHERE seen = TIMESTAMP '1969-12-31 23:59:59.999';
SELECT id, zoned FROM kinds ORDER BY zoned, id;
SELECT id, zoned FROM kinds WHERE zoned = TIMESTAMP '2024-03-01 12:00:00Z' ORDER BY id;
SELECT id, zoned FROM kinds WHERE zoned > TIMESTAMP '2024-03-01 12:00:00Z' ORDER BY id;
SELECT id FROM kinds WHERE zoned IS NULL ORDER BY id;

-- Lists, structs and maps
SELECT id, tags, point, counts, lines FROM kinds ORDER BY id;
SELECT id, cardinality(tags) AS n FROM kinds WHERE tags IS NOT NULL ORDER BY id;
SELECT id, tags[1] AS tag FROM kinds ORDER BY id;
SELECT id, unnest(tags) AS tag FROM kinds;
SELECT id, point['x'] AS x, point['label'] AS label FROM kinds ORDER BY id;
SELECT id FROM kinds WHERE point IS NULL ORDER BY id;
SELECT id FROM kinds WHERE point['label'] = 'here';
SELECT id, counts FROM kinds WHERE counts IS NOT NULL AND flag ORDER BY id;
SELECT id, lines[1]['number'] AS number FROM kinds WHERE lines IS NOT NULL ORDER BY id;
SELECT id, tags FROM kinds WHERE price > 0 ORDER BY id;
SELECT id, point FROM kinds WHERE id IN (4, 6, 9) ORDER BY id;
SELECT id, point FROM kinds WHERE name IS NOT NULL AND whole IS NULL;
SELECT id, counts, lines FROM kinds WHERE id > 3 AND id <> 6 ORDER BY id;

-- Large tables, partitions and splits
SELECT count(*) AS n FROM events;
SELECT count(id) AS ids, count(amount) AS amounts, count(price) AS prices, count(note) AS notes, count(born) AS days FROM events;
SELECT sum(id) AS ids, sum(amount) AS amounts, sum(price) AS prices FROM events;
SELECT year, region, count(*) AS n, min(id) AS first, max(id) AS last FROM events GROUP BY year, region;
SELECT count(*) AS n, min(id) AS first, max(id) AS last FROM events WHERE year = 2023;
SELECT count(*) AS n, min(id) AS first FROM events WHERE year > 2022 AND region = 'apac';
SELECT count(*) AS n, min(id) AS first FROM events WHERE region IS NULL;
SELECT count(*) AS n FROM events WHERE region <> 'amer';
SELECT count(*) AS n FROM events WHERE year IN (2022, 2024) AND region IN ('amer', 'emea');
SELECT count(*) AS n FROM events WHERE year = 1999;
SELECT count(*) AS n FROM events WHERE year = 2022 OR region = 'amer';
SELECT * FROM events WHERE id = 17777;
SELECT * FROM events WHERE id IN (0, 3999, 4000, 35999, 36000) ORDER BY id;
SELECT id, note FROM events WHERE note LIKE 'note 1234%' ORDER BY id;
SELECT id, amount FROM events WHERE amount > 199.5 AND year = 2024 ORDER BY id;
SELECT id FROM events WHERE amount IS NULL AND price IS NULL AND note IS NULL ORDER BY id;
SELECT id, price FROM events WHERE price BETWEEN 499.9 AND 500 ORDER BY id;
SELECT id, born FROM events WHERE born >= DATE '2011-01-19' ORDER BY id LIMIT 20;
SELECT id, seen FROM events WHERE seen < TIMESTAMP '1968-06-02 01:00:00' ORDER BY id;
SELECT id, seen FROM events ORDER BY seen DESC LIMIT 7;
SELECT id, amount FROM events WHERE amount IS NOT NULL ORDER BY amount DESC, id LIMIT 10;
SELECT count(*) AS n FROM (SELECT id FROM events LIMIT 1234) AS some;
SELECT length(note) AS n, count(*) AS times FROM events WHERE id % 100 = 7 GROUP BY length(note);
SELECT year, region, id, amount, price, note, born, seen FROM events WHERE year = 2024 AND id % 13 < 6;
SELECT count(DISTINCT note) AS notes, count(DISTINCT born) AS days FROM events;
SELECT id, row_number() OVER (PARTITION BY region ORDER BY id DESC) AS place FROM events WHERE id < 12004 AND id > 3996
    ORDER BY id LIMIT 30;
SELECT born, sum(price) AS total FROM events WHERE born IS NOT NULL AND year = 2022 GROUP BY born HAVING sum(price) > 450;

-- More than one table, and none
SELECT k.id, e.id AS event, e.note FROM kinds k JOIN events e ON e.id = k.small ORDER BY k.id;
SELECT k.id, e.amount FROM kinds k LEFT JOIN events e ON e.id = k.large AND e.year = 2022 ORDER BY k.id;
SELECT count(*) AS n FROM events a JOIN events b ON a.id = b.id + 18000 WHERE a.price < b.price;
SELECT id FROM kinds WHERE whole IN (SELECT year FROM events) OR id IN (SELECT year - 2020 FROM events) ORDER BY id;
SELECT 'kinds' AS name, count(*) AS n FROM kinds UNION ALL SELECT region, count(*) FROM events GROUP BY region;
SELECT * FROM empty;
SELECT count(*) AS n, max(name) AS name FROM empty;
SELECT k.id FROM kinds k LEFT JOIN empty e ON e.id = k.id WHERE e.id IS NULL ORDER BY k.id;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'peer' ORDER BY table_name;

-- Functions
USING EXTERNAL FUNCTION head(text VARCHAR, keep INTEGER) RETURNS VARCHAR LAMBDA 'peer'
SELECT id, head(name, 3) AS beginning FROM kinds ORDER BY id;
USING EXTERNAL FUNCTION head(text VARCHAR, keep INTEGER) RETURNS VARCHAR LAMBDA 'peer'
SELECT id, head(name, whole) AS beginning FROM kinds WHERE id <> 2 ORDER BY id;
USING EXTERNAL FUNCTION head(text VARCHAR, keep INTEGER) RETURNS VARCHAR LAMBDA 'peer'
SELECT head(note, 4) AS beginning, count(*) AS n FROM events WHERE year = 2022 GROUP BY head(note, 4);
USING EXTERNAL FUNCTION head(text VARCHAR, keep INTEGER) RETURNS VARCHAR LAMBDA 'peer'
SELECT count(*) AS n FROM events WHERE head(region, 2) = 'am/4';
