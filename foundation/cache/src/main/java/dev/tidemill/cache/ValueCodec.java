package dev.tidemill.cache;

import java.lang.reflect.Type;

/** Writes values as bytes and reads them back. Must be thread safe. The default writes JSON with Jackson. */
public interface ValueCodec {
    /** What is written beside the bytes, so that no other codec reads them: 1 to 20 letters of ASCII. */
    String name();

    /**
     * The bytes of a value.
     *
     * @throws RuntimeException if it cannot be written
     */
    byte[] write(Object value);

    /**
     * The value of the bytes, which may be anything: written by another version, or damaged.
     *
     * @throws RuntimeException if there is none
     */
    Object read(byte[] bytes, Type type);

    /** JSON by Jackson: fields that the class does not know are skipped, missing ones get the class's defaults. */
    static ValueCodec json() {
        return JacksonValues.JSON;
    }
}
