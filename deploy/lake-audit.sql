-- Reads of objects with credentials that Lake Formation vended: time, reading principal, table, object and bytes. Run it with Athena, over
-- the logs of the account that owns the tables. It returns one row for each object that was read, latest first.
--
-- Replace cloudtrail_logs with the table that the CloudTrail console creates over the logs of a trail. The trail has to log management
-- events, which include GetDataAccess, and the data events of the buckets. Lake Formation names the session of the vended credentials
-- AWSLF-VERSION-ENGINE-ACCOUNT-SUFFIX; ENGINE is AT for Athena, ACCOUNT is the account that requested them.
--
-- The principal is an ARN if the consumer shows principals to this account, and an id otherwise. Restrict eventtime to scan less.
SELECT
    s3.eventtime AS event_time,
    coalesce(json_extract_scalar(lake.additionaleventdata, '$.lakeFormationPrincipal'), lake.useridentity.principalid) AS principal,
    lake.useridentity.accountid AS account,
    json_extract_scalar(lake.requestparameters, '$.tableArn') AS table_arn,
    json_extract_scalar(s3.requestparameters, '$.bucketName') AS bucket,
    json_extract_scalar(s3.requestparameters, '$.key') AS object_key,
    CAST(json_extract_scalar(s3.additionaleventdata, '$.bytesTransferredOut') AS bigint) AS bytes
FROM cloudtrail_logs AS s3
JOIN cloudtrail_logs AS lake
    ON json_extract_scalar(lake.additionaleventdata, '$.lakeFormationRoleSessionName') = split_part(s3.useridentity.principalid, ':', 2)
    -- The logs of an organization contain the event of the consumer, too.
    AND lake.recipientaccountid = s3.recipientaccountid
WHERE s3.eventsource = 's3.amazonaws.com'
    AND s3.eventname = 'GetObject'
    AND lake.eventsource = 'lakeformation.amazonaws.com'
    AND lake.eventname = 'GetDataAccess'
ORDER BY event_time DESC, object_key
