package dev.tidemill.jobs;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a page of dead letters ended, as a text that says nothing to others. It carries the place itself and not only the
 * job, which may be replayed, and so be no dead letter any more or one that failed anew, before somebody goes on.
 *
 * @param failedMicros when the last one seen failed
 * @param jobId which it is
 */
record DeadLetterCursor(long failedMicros, long jobId) {
    private static final DeadLetterCursor START = new DeadLetterCursor(Long.MAX_VALUE, Long.MAX_VALUE);
    private static final Pattern FORM = Pattern.compile("1 (\\d{1,18}) (\\d{1,18})");
    private static final int MAX_CHARS = 60;

    static DeadLetterCursor of(Instant failedAt, long jobId) {
        return new DeadLetterCursor(ChronoUnit.MICROS.between(Instant.EPOCH, failedAt), jobId);
    }

    String text() {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(("1 " + failedMicros + " " + jobId).getBytes(StandardCharsets.US_ASCII));
    }

    static DeadLetterCursor read(@Nullable String cursor) {
        if (cursor == null) {
            return START;
        }
        Matcher form = FORM.matcher(decoded(cursor));
        if (!form.matches()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The cursor is none that a list of dead letters gave out; leave it out to begin.");
        }
        return new DeadLetterCursor(Long.parseLong(form.group(1)), Long.parseLong(form.group(2)));
    }

    private static String decoded(String cursor) {
        if (cursor.length() > MAX_CHARS) {
            return "";
        }
        try {
            return new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.US_ASCII);
        } catch (IllegalArgumentException noBase64) {
            return "";
        }
    }
}
