package dev.tidemill.cli.jobs;

import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.api.JobReader;
import dev.tidemill.server.http.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lines of a stream that are jobs, enqueued a thousand to a transaction. For one thread, used once. */
final class JobLines {
    private static final int BATCH = 1_000;
    private static final int MAX_LINE = 64 << 20;
    private static final long BATCH_BYTES = 32L << 20;

    private final InputStream in;
    private final Reader reader;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(1 << 10);
    private long number;
    private long bytes;
    private long enqueued;
    private long firstId;

    /** Makes a job of a line. */
    @FunctionalInterface
    interface Reader {
        JobRequest read(String line);
    }

    JobLines(InputStream in, Reader reader) {
        this.in = in;
        this.reader = reader;
    }

    /** A line that is a whole job, with the fields that it has over HTTP. */
    static JobRequest whole(String line) {
        JobReader.Asked asked = JobReader.read(line.getBytes(StandardCharsets.UTF_8), Optional.empty());
        if (!asked.single()) {
            throw new IllegalArgumentException("a line is one job: an object");
        }
        return asked.jobs().getFirst();
    }

    long enqueued() {
        return enqueued;
    }

    long firstId() {
        return firstId;
    }

    /** Enqueues them; null if all are, else what was wrong with the line that ended it. */
    @Nullable
    String enqueue(Tidemill mill, Bar bar) throws IOException {
        List<JobRequest> batch = new ArrayList<>(BATCH);
        long batchStarted = 0;
        long batchBytes = 0;
        while (true) {
            String next;
            try {
                next = nextLine();
                if (next != null && !next.isEmpty()) {
                    batch.add(reader.read(next));
                }
            } catch (Problem | TidemillException | IllegalArgumentException wrong) {
                return said(wrong, batchStarted);
            }
            if (batch.size() == BATCH || bytes - batchBytes > BATCH_BYTES || (next == null && !batch.isEmpty())) {
                try {
                    List<Long> ids = mill.enqueueAll(batch);
                    firstId = enqueued == 0 ? ids.getFirst() : firstId;
                    enqueued += ids.size();
                } catch (TidemillException refused) {
                    return "In lines " + (batchStarted + 1) + " to " + number + ": " + refused.getMessage()
                            + already(batchStarted);
                }
                batch.clear();
                batchStarted = number;
                batchBytes = bytes;
                bar.at(bytes);
            }
            if (next == null) {
                return null;
            }
        }
    }

    private String said(RuntimeException wrong, long before) {
        return "Line " + number + ": " + wrong.getMessage() + already(before);
    }

    private static String already(long before) {
        return before == 0 ? " Nothing was enqueued." : " Lines 1 to " + before + " are enqueued.";
    }

    /** Without its end; null at the end of the stream. */
    private @Nullable String nextLine() throws IOException {
        line.reset();
        int read = in.read();
        if (read < 0) {
            return null;
        }
        number++;
        for (; read >= 0 && read != '\n'; read = in.read()) {
            bytes++;
            line.write(read);
            if (line.size() > MAX_LINE) {
                throw new IllegalArgumentException("It has more than " + (MAX_LINE >> 20) + " MiB.");
            }
        }
        bytes++;
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line.toByteArray()))
                    .toString()
                    .strip();
        } catch (CharacterCodingException malformed) {
            throw new IllegalArgumentException("It is not UTF-8.", malformed);
        }
    }
}
