package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Priority;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A job as one call shows it, and what that call's handler said of it. */
final class ChunkItem<T> implements Chunk.Item<T> {
    /** No failure means done. */
    private record Report(@Nullable Throwable failure) {}

    private final ChunkCall<T> call;
    private final ChunkMember<T> member;
    private volatile @Nullable Report report;

    ChunkItem(ChunkCall<T> call, ChunkMember<T> member) {
        this.call = call;
        this.member = member;
    }

    ChunkMember<T> member() {
        return member;
    }

    /** Whether the handler said of it that it is done, or that it failed. */
    boolean reported() {
        return report != null;
    }

    /** What it was said to have failed by; null where it is done, or nothing was said. */
    @Nullable
    Throwable failure() {
        Report said = report;
        return said == null ? null : said.failure();
    }

    /** What was said holds no more. */
    void forget() {
        report = null;
    }

    /** Whether nothing counts any more that is said of it through this call. */
    private boolean late() {
        synchronized (call.lock()) {
            return call.late() || member.settled();
        }
    }

    private void report(Report said) {
        synchronized (call.lock()) {
            if (call.listens() && report == null) {
                report = said;
            }
        }
    }

    @Override
    public void done() {
        report(new Report(null));
    }

    @Override
    public void fail(Throwable failure) {
        report(new Report(Objects.requireNonNull(failure, "failure")));
    }

    @Override
    public void result(Object value) {
        member.words().result(value, late());
    }

    @Override
    public void progress(long done, long total, @Nullable String message) {
        member.words().progress(done, total, message, late());
    }

    @Override
    public void log(LogLevel level, String line) {
        member.words().log(level, line, late());
    }

    @Override
    public T job() {
        return member.value();
    }

    @Override
    public long jobId() {
        return member.job().id();
    }

    @Override
    public int attempt() {
        return member.job().attempt();
    }

    @Override
    public int failures() {
        return member.job().failures();
    }

    @Override
    public Priority priority() {
        return member.job().priority();
    }

    @Override
    public Map<String, String> tags() {
        Map<String, String> tags = member.meta().tags();
        return tags == null ? Map.of() : tags;
    }
}
