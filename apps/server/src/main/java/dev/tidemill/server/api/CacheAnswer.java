package dev.tidemill.server.api;

import dev.tidemill.cache.Answer;
import dev.tidemill.cache.Miss;
import dev.tidemill.cache.Source;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.caches.Document;
import dev.tidemill.server.caches.Shelf;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.Reply;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a value of a cache goes over HTTP: {@code X-Cache}, {@code Cache-Status} (RFC 9211) with the reason where this
 * process did not have it, {@code Age}, {@code Cache-Control}, and an {@code ETag}. Clients ask again each time unless the
 * cache says that they need not: what is invalidated here they would not hear of.
 */
final class CacheAnswer {
    private static final String NAME = "Tidemill";
    private static final int LONGEST_KEY_SHOWN = 200;

    private CacheAnswer() {}

    static Reply of(Shelf shelf, String key, Shelf.Served served) {
        Document document = served.document();
        Answer<?> how = served.how();
        if (document == null) {
            throw missing(shelf, key)
                    .header("X-Cache", word(how))
                    .header("Cache-Status", status(how, key, 404))
                    .header("Age", seconds(how.age()));
        }
        return new Reply(200, document.mediaType(), document.body(), java.util.Map.of())
                .tagged()
                .header("X-Cache", word(how))
                .header("Cache-Status", status(how, key, 200))
                .header("Age", seconds(how.age()))
                .header("Cache-Control", control(shelf.clientAge(), how))
                // It is anybody's bytes, and must not become a page of ours.
                .header("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
                .header("Content-Disposition", "attachment");
    }

    private static Problem missing(Shelf shelf, String key) {
        String shown = key.length() <= LONGEST_KEY_SHOWN ? key : key.substring(0, LONGEST_KEY_SHOWN) + "…";
        return Problem.of(new TidemillException(
                ErrorCode.NOT_FOUND,
                "There is no value for '" + shown + "' in '" + shelf.cache().name()
                        + (shelf.hasOrigin() ? "', nor at its origin." : "', which nothing fills but what is put.")));
    }

    private static String word(Answer<?> how) {
        return how.stale() ? "STALE" : how.source() == Source.ORIGIN ? "MISS" : "HIT";
    }

    /** RFC 9211; the detail is the tier that had it, or why it was not had. */
    static String status(Answer<?> how, String key, int answered) {
        StringBuilder text = new StringBuilder(NAME);
        Miss miss = how.miss();
        if (how.stale() || how.source() != Source.ORIGIN) {
            text.append("; hit");
            if (!how.stale()) {
                text.append("; ttl=").append(how.freshFor().toSeconds());
            }
            text.append("; detail=").append(how.stale() ? "STALE" : how.source().name());
        } else {
            text.append("; fwd=").append(forward(miss)).append("; fwd-status=").append(answered);
            text.append("; detail=").append(miss == null ? Miss.UNKNOWN : miss);
        }
        String quoted = quoted(key);
        return quoted == null
                ? text.toString()
                : text.append("; key=").append(quoted).toString();
    }

    private static String forward(@Nullable Miss miss) {
        if (miss == null) {
            return "uri-miss";
        }
        return switch (miss) {
            case UNKNOWN -> "uri-miss";
            case EXPIRED -> "stale";
            case INVALIDATED, OUT_OF_CONTACT, UNREADABLE, SHARED_TIER_AWAY -> "miss";
            case REFRESH -> "request";
        };
    }

    /** As a string of a structured field; null for what that cannot hold. */
    private static @Nullable String quoted(String key) {
        if (key.length() > LONGEST_KEY_SHOWN || !key.chars().allMatch(one -> one >= ' ' && one < 127)) {
            return null;
        }
        return '"' + key.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String seconds(Duration age) {
        return Long.toString(age.toSeconds());
    }

    /** What a client may keep counts from when the origin was asked, as {@code Age} does. */
    private static String control(Duration clientAge, Answer<?> how) {
        if (clientAge.isZero() || how.stale()) {
            return "private, no-cache";
        }
        Duration left = clientAge.compareTo(how.freshFor()) < 0 ? clientAge : how.freshFor();
        return "private, max-age=" + how.age().plus(left).toSeconds();
    }
}
