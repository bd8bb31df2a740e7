package dev.tidemill.cache;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * What the shared tier keeps of a value: two letters, a version, what kind of content, the codec's name, the length
 * before compression, a checksum of kind, length and content, and the content. Anything else is no value.
 */
final class Frame {
    private static final byte[] MARK = {'T', 'C'};
    private static final byte VERSION = 1;
    private static final int COMPRESSED = 1;
    private static final int ABSENT = 2;
    private static final int FIXED_BYTES = 2 + 1 + 1 + 1 + 4 + 4;

    private final ValueCodec codec;
    private final Type type;
    private final int compressFrom;
    private final int maxBytes;

    /** What was read: the value, null if it says that there is none. */
    record Content<V>(@Nullable V value, int bytes) {}

    /** Bytes that are no value of this cache. */
    static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1;

        UnreadableException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    Frame(ValueCodec codec, Type type, int compressFrom, int maxBytes) {
        this.codec = codec;
        this.type = type;
        this.compressFrom = compressFrom;
        this.maxBytes = maxBytes;
    }

    /** The content of a value, not framed; nothing for an absent one. */
    byte[] content(@Nullable Object value) {
        try {
            return value == null ? new byte[0] : codec.write(value);
        } catch (RuntimeException failed) {
            throw new CacheException(
                    CacheError.VALUE_UNWRITABLE,
                    "A " + (value == null ? "value" : value.getClass().getName()) + " cannot be written by the codec '"
                            + codec.name() + "': " + failed.getMessage(),
                    failed);
        }
    }

    String codec() {
        return codec.name();
    }

    /** The value of a content that is not framed. */
    Object value(byte[] content) {
        try {
            return codec.read(content, type);
        } catch (RuntimeException failed) {
            throw new CacheException(
                    CacheError.VALUE_UNWRITABLE,
                    "What was given is no " + type.getTypeName() + " as the codec '" + codec.name() + "' writes it: "
                            + failed.getMessage(),
                    failed);
        }
    }

    byte[] frame(boolean absent, byte[] content) {
        boolean compressed = content.length >= compressFrom;
        byte[] body = compressed ? deflated(content) : content;
        if (body.length >= content.length) {
            compressed = false;
            body = content;
        }
        byte[] name = codec.name().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer frame = ByteBuffer.allocate(FIXED_BYTES + name.length + body.length);
        int flags = (compressed ? COMPRESSED : 0) | (absent ? ABSENT : 0);
        frame.put(MARK).put(VERSION).put((byte) flags);
        frame.put((byte) name.length)
                .put(name)
                .putInt(content.length)
                .putInt(checksum(flags, content.length, body))
                .put(body);
        return frame.array();
    }

    @SuppressWarnings("unchecked") // The codec reads what the type says.
    <V> Content<V> read(byte[] bytes) throws UnreadableException {
        try {
            ByteBuffer frame = ByteBuffer.wrap(bytes);
            if (frame.get() != MARK[0] || frame.get() != MARK[1] || frame.get() != VERSION) {
                throw new UnreadableException("the beginning is not this cache's", null);
            }
            int flags = frame.get();
            byte[] name = new byte[frame.get()];
            frame.get(name);
            if (!codec.name().equals(new String(name, StandardCharsets.US_ASCII))) {
                throw new UnreadableException("the codec is another", null);
            }
            int length = frame.getInt();
            int checksum = frame.getInt();
            byte[] body = Arrays.copyOfRange(bytes, frame.position(), bytes.length);
            if (checksum(flags, length, body) != checksum) {
                throw new UnreadableException("the checksum is wrong", null);
            }
            if (length < 0 || length > maxBytes) {
                throw new UnreadableException("the content is " + length + " bytes long", null);
            }
            if ((flags & ABSENT) != 0) {
                return new Content<>(null, 0);
            }
            byte[] content = (flags & COMPRESSED) == 0 ? body : inflated(body, length);
            return new Content<>((V) codec.read(content, type), content.length);
        } catch (RuntimeException | DataFormatException damaged) {
            throw new UnreadableException(String.valueOf(damaged.getMessage()), damaged);
        }
    }

    private static int checksum(int flags, int length, byte[] body) {
        CRC32C checksum = new CRC32C();
        checksum.update(ByteBuffer.allocate(8).putInt(flags).putInt(length).flip());
        checksum.update(body);
        return (int) checksum.getValue();
    }

    private static byte[] deflated(byte[] content) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(content);
            deflater.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream(content.length / 2 + 64);
            byte[] buffer = new byte[8_192];
            while (!deflater.finished()) {
                out.write(buffer, 0, deflater.deflate(buffer));
            }
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }

    /** Never more than the length that was promised, whatever the bytes would unfold to. */
    private static byte[] inflated(byte[] body, int length) throws DataFormatException {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(body);
            byte[] content = new byte[length];
            int at = 0;
            while (at < length) {
                int count = inflater.inflate(content, at, length - at);
                if (count == 0) {
                    throw new DataFormatException("it ends before " + length + " bytes");
                }
                at += count;
            }
            return content;
        } finally {
            inflater.end();
        }
    }
}
