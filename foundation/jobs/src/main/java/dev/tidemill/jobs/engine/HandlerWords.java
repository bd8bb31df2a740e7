package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Report;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a handler says of its attempt: its result, how far it is, lines. What it says after the outcome is left out. */
final class HandlerWords {
    private static final int RESULT_LIMIT = 64 << 10;

    private final ClaimedJob job;
    private final EpochWork epoch;
    private final Workshop shop;
    private volatile @Nullable Reporting reporting;

    HandlerWords(ClaimedJob job, EpochWork epoch, Workshop shop) {
        this.job = job;
        this.epoch = epoch;
        this.shop = shop;
    }

    /** Most handlers say nothing, and that costs nothing. */
    private @Nullable Reporting reporting(boolean settled) {
        if (settled) {
            return null;
        }
        Reporting known = reporting;
        if (known != null) {
            return known;
        }
        synchronized (this) {
            if (reporting == null) {
                reporting = shop.reporter().begin(job, epoch);
            }
            return reporting;
        }
    }

    void result(Object value, boolean settled) {
        resultJson(shop.registry().codec().write(value), settled);
    }

    void resultJson(String json, boolean settled) {
        int bytes = json.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > RESULT_LIMIT) {
            throw new TidemillException(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    "The result of job " + job.id() + " has " + bytes + " bytes as JSON; an attempt keeps "
                            + RESULT_LIMIT + ". Store it elsewhere, and keep where.");
        }
        if (json.contains("\\u0000")) {
            throw new TidemillException(
                    ErrorCode.PAYLOAD_INVALID, "The result of job " + job.id() + " holds a NUL; leave it out.");
        }
        Reporting to = reporting(settled);
        if (to != null) {
            to.result(json);
        }
    }

    void progress(long done, long total, @Nullable String message, boolean settled) {
        if (done < 0 || total < 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The progress is " + done + " of " + total + "; neither may be negative.");
        }
        Reporting to = reporting(settled);
        if (to != null) {
            to.progress(done, total, message);
        }
    }

    void log(LogLevel level, String line, boolean settled) {
        Reporting to = reporting(settled);
        if (to != null) {
            to.log(level, line, shop.clock().nowMicros());
        }
    }

    /** The result as JSON; null if none was given. */
    @Nullable
    String result() {
        Reporting said = reporting;
        return said == null ? null : said.result();
    }

    /** What is to be written with the outcome; null if nothing was said. */
    @Nullable
    Report end() {
        Reporting said = reporting;
        return said == null ? null : shop.reporter().end(said, shop.clock().nowMicros());
    }
}
