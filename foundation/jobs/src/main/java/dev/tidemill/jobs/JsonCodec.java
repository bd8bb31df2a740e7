package dev.tidemill.jobs;

/**
 * Writes jobs as JSON and reads them back. The default uses Jackson: fields that the class does not know are skipped,
 * fields that the JSON lacks get the class's defaults (null, 0, false). Must be thread safe.
 */
public interface JsonCodec {
    /**
     * The JSON of a job.
     *
     * @throws TidemillException {@link ErrorCode#PAYLOAD_INVALID} if it cannot be written
     */
    String write(Object job);

    /**
     * The job of a JSON.
     *
     * @throws TidemillException {@link ErrorCode#PAYLOAD_UNREADABLE} if the class cannot be read from it
     */
    <T> T read(String json, Class<T> type);

    /**
     * Checks that a text is one JSON value.
     *
     * @throws TidemillException {@link ErrorCode#PAYLOAD_INVALID} if it is not
     */
    void check(String json);
}
