package dev.tidemill.server.caches;

import dev.tidemill.cache.ValueCodec;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes documents as they are: the media type's length and text, then the body. */
final class DocumentCodec implements ValueCodec {
    @Override
    public String name() {
        return "document";
    }

    @Override
    public byte[] write(Object value) {
        Document document = (Document) value;
        byte[] type = document.mediaType().getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(Short.BYTES + type.length + document.body().length)
                .putShort((short) type.length)
                .put(type)
                .put(document.body())
                .array();
    }

    @Override
    public Object read(byte[] bytes, Type type) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        byte[] mediaType = new byte[in.getShort()];
        in.get(mediaType);
        byte[] body = new byte[in.remaining()];
        in.get(body);
        return new Document(new String(mediaType, StandardCharsets.US_ASCII), body);
    }
}
