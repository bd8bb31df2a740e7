package dev.tidemill.valkey;

import dev.tidemill.cache.tier.SharedTier.Stored;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An entry as one value of the server's. Times are lengths from when it was stored; how long ago that was follows from
 * what the server has left of its life, so that no clock of ours is compared with another.
 */
final class Blob {
    private static final int VERSION = 1;
    private static final int MAX_TAGS = 1_000;

    private Blob() {}

    static byte[] write(Stored stored) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(stored.bytes().length + 200);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeLong(stored.age().toMillis());
            out.writeLong(stored.freshFor().toMillis());
            out.writeLong(stored.usableFor().toMillis());
            out.writeLong(stored.keptFor().toMillis());
            out.writeLong(stored.own());
            out.writeUTF(stored.asOf());
            out.writeInt(stored.tags().size());
            for (String tag : stored.tags()) {
                out.writeUTF(tag);
            }
            out.write(stored.bytes());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    /**
     * The entry.
     *
     * @param leftMillis what the server has left of its life
     * @return null for bytes that are none
     */
    static @Nullable Stored read(byte[] bytes, long leftMillis) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            if (in.readByte() != VERSION) {
                return null;
            }
            long age = in.readLong();
            long fresh = in.readLong();
            long usable = in.readLong();
            long kept = in.readLong();
            long since = kept - leftMillis;
            long own = in.readLong();
            String asOf = in.readUTF();
            int count = in.readInt();
            if (count < 0 || count > MAX_TAGS) {
                return null;
            }
            Set<String> tags = new HashSet<>();
            for (int i = 0; i < count; i++) {
                tags.add(in.readUTF());
            }
            return new Stored(
                    in.readAllBytes(),
                    tags,
                    Duration.ofMillis(age + since),
                    Duration.ofMillis(fresh - since),
                    Duration.ofMillis(usable - since),
                    Duration.ofMillis(leftMillis),
                    asOf,
                    own);
        } catch (IOException damaged) {
            return null;
        }
    }
}
