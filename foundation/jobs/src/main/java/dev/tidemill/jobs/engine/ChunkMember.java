package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JsonCodec;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.ClaimedJob;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A job of a chunk, through all its calls. Guarded by the chunk's lock, but for what {@link #read} sets before. */
final class ChunkMember<T> {
    private final ClaimedJob job;
    private final HandlerWords words;
    private Meta meta = Meta.NONE;
    private @Nullable T value;
    private boolean settled;

    ChunkMember(ClaimedJob job, EpochWork epoch, Workshop shop) {
        this.job = job;
        this.words = new HandlerWords(job, epoch, shop);
    }

    ClaimedJob job() {
        return job;
    }

    /** What handlers say of it, through all calls. */
    HandlerWords words() {
        return words;
    }

    Meta meta() {
        return meta;
    }

    T value() {
        return Objects.requireNonNull(value, "not read yet");
    }

    /** Reads the notes and the payload; throws what is wrong with them. */
    void read(JsonCodec codec, Registry.ChunkTask<T> task) {
        if (job.meta() != null) {
            meta = codec.read(job.meta(), Meta.class);
        }
        if (job.payload() == null) {
            throw new TidemillException(
                    ErrorCode.BODY_MISSING, "Job " + job.id() + " has no body any more; it cannot run.");
        }
        value = task.decoder().apply(codec, job.payload());
    }

    boolean settled() {
        return settled;
    }

    /** True for the one party that settles it. */
    boolean settle() {
        boolean first = !settled;
        settled = true;
        return first;
    }
}
