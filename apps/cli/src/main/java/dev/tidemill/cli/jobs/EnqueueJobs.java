package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Reading;
import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.program.ExitCode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill jobs enqueue}. */
@Command(
        name = "enqueue",
        header = "Enqueues a job, or as many as there are lines.",
        description = {
            "",
            "PAYLOAD is JSON, {} without one; @FILE takes it from a file, - from standard input. With --lines every"
                    + " line of it is the payload of a job of its own.",
            "",
            "With - or @FILE instead of a KIND every line is a whole job, as over HTTP:"
                    + " {\"kind\": \"SendMail\", \"payload\": {..}, \"queue\": \"mail\", \"priority\": \"HIGH\","
                    + " \"delay\": \"PT5M\", \"tags\": {..}}.",
            "",
            "Many jobs go in a thousand to a transaction. A line that is wrong ends it; those before its thousand stay"
                    + " enqueued, and the error says how many lines they are (exit code 1)."
        })
final class EnqueueJobs implements Callable<Integer> {
    private static final int MAX_PAYLOAD = 64 << 20;

    @Parameters(index = "0", paramLabel = "KIND", description = "What is to be done; or - or @FILE, see above.")
    private String kind = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "PAYLOAD", description = "JSON, @FILE or -.")
    private String payload = "{}";

    @Option(names = "--lines", description = "Every line of the payload is the payload of a job of its own.")
    private boolean lines;

    @Mixin
    private JobWishes wishes = new JobWishes();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws IOException {
        if (isSource(kind)) {
            if (!payload.equals("{}") || lines || wishes.areGiven()) {
                throw output.wrong("Where every line is a whole job, it says all there is to say; leave out the payload"
                        + " and the options of a job.");
            }
            return many(kind, JobLines::whole);
        }
        if (lines) {
            if (!isSource(payload)) {
                throw output.wrong("--lines needs a payload that is - or @FILE.");
            }
            JobRequest pattern = new JobRequest(kind, "{}", wishes.options());
            return many(payload, line -> new JobRequest(pattern.kind(), line, pattern.options()));
        }
        return one();
    }

    private static boolean isSource(String given) {
        return given.equals("-") || given.startsWith("@");
    }

    private int one() throws IOException {
        JobRequest request = new JobRequest(kind, isSource(payload) ? whole(payload) : payload, wishes.options());
        try (Connected to = database.open(output)) {
            Enqueued enqueued = to.mill().enqueueUnique(request, request.options());
            if (output.isJson()) {
                JsonObject answer = new JsonObject().with("id", enqueued.id());
                if (request.options().unique() != null) {
                    answer.with("created", enqueued.created())
                            .with("replaced", enqueued.how() == Enqueued.How.REPLACED);
                }
                output.json(answer);
            } else if (enqueued.created()) {
                output.say("Job " + enqueued.id() + " is enqueued.");
            } else {
                output.say("Job " + enqueued.id() + " was there before and has the key; "
                        + (enqueued.how() == Enqueued.How.REPLACED
                                ? "it has this payload now."
                                : "nothing was enqueued."));
            }
            return ExitCode.DONE;
        }
    }

    private String whole(String source) throws IOException {
        try (InputStream in = open(source)) {
            byte[] bytes = in.readNBytes(MAX_PAYLOAD + 1);
            if (bytes.length > MAX_PAYLOAD) {
                throw refused("The payload from " + source + " has more than " + (MAX_PAYLOAD >> 20) + " MiB.");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .strip();
        } catch (CharacterCodingException malformed) {
            throw refused("The payload from " + source + " is not UTF-8.");
        }
    }

    private InputStream open(String source) {
        if (source.equals("-")) {
            return output.program().in();
        }
        try {
            return Files.newInputStream(Path.of(source.substring(1)));
        } catch (IOException unreadable) {
            throw Reading.refused(Path.of(source.substring(1)), "", unreadable);
        }
    }

    private long size(String source) throws IOException {
        return source.equals("-") ? 0 : Files.size(Path.of(source.substring(1)));
    }

    private int many(String source, JobLines.Reader reader) throws IOException {
        try (InputStream in = new BufferedInputStream(open(source), 1 << 16);
                Connected to = database.openForLong(output);
                Bar bar = output.bar("bytes read", size(source))) {
            JobLines jobs = new JobLines(in, reader);
            String wrong = jobs.enqueue(to.mill(), bar);
            bar.clear();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("enqueued", jobs.enqueued())
                        .withAny("first_id", jobs.enqueued() == 0 ? null : jobs.firstId())
                        .withAny("error", wrong));
            } else {
                output.say(
                        Plain.count(jobs.enqueued(), "job") + (jobs.enqueued() == 1 ? " is" : " are") + " enqueued.");
            }
            if (wrong == null) {
                return ExitCode.DONE;
            }
            output.err().println("tidemill: " + wrong);
            return jobs.enqueued() == 0 ? ExitCode.USAGE : ExitCode.NO;
        }
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }
}
