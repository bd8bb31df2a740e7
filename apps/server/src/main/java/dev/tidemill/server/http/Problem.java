package dev.tidemill.server.http;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A request that cannot be fulfilled, as RFC 9457 describes it. */
public final class Problem extends RuntimeException {
    public static final String MEDIA_TYPE = "application/problem+json";

    private static final long serialVersionUID = 1L;
    private static final int RETRY_AFTER_SECONDS = 5;
    private static final int MAX_DETAIL_CHARS = 1000;

    private final int status;
    private final String code;
    private final String title;
    private final transient Map<String, String> members;
    private final transient Map<String, String> headers;

    private Problem(
            int status,
            String code,
            String title,
            String detail,
            Map<String, String> members,
            Map<String, String> headers,
            @Nullable Throwable cause) {
        super(detail, cause, false, false);
        this.status = status;
        this.code = code;
        this.title = title;
        this.members = members;
        this.headers = headers;
    }

    /** A problem of HTTP's own. */
    public static Problem of(ProblemCode code, String detail) {
        Problem problem = new Problem(code.status(), code.name(), code.title(), detail, Map.of(), Map.of(), null);
        return code.status() == 503 ? problem.retryLater() : problem;
    }

    /** What the engine refused. A message of the database stays in the log: it may name hosts, users and data. */
    public static Problem of(TidemillException failed) {
        ErrorCode code = failed.code();
        return switch (code) {
            case INVALID_KIND, INVALID_QUEUE, INVALID_OPTION, INVALID_TAG, PAYLOAD_INVALID ->
                of(400, code, "A value is not valid", message(failed), failed);
            case NOT_FOUND -> of(404, code, "Not found", message(failed), failed);
            case ALREADY_EXISTS -> of(409, code, "It exists already", message(failed), failed);
            case LEASE_LOST -> of(409, code, "The attempt is not this worker's any more", message(failed), failed);
            case HELD_ELSEWHERE -> of(421, code, "Another server has the attempt", message(failed), failed);
            case PAYLOAD_TOO_LARGE -> of(413, code, "The payload is too large", message(failed), failed);
            case DATABASE_UNREACHABLE ->
                of(503, code, "The database does not answer", "Nothing was changed; try again later.", failed)
                        .retryLater();
            case KEY_BUSY ->
                of(503, code, "The key is busy", message(failed), failed).retryLater();
            case STOPPED ->
                of(503, code, "The server is stopping", "Nothing was changed; try again later.", failed)
                        .retryLater();
            case DATABASE_TOO_OLD,
                    PRIVILEGE_MISSING,
                    SCHEMA_NEWER,
                    SCHEMA_OUTDATED,
                    DATABASE_ERROR,
                    PAYLOAD_UNREADABLE,
                    BODY_MISSING,
                    NOT_COMPLETED,
                    TIMED_OUT,
                    GIVEN_UP,
                    HANDLER_FAILED,
                    POISONED,
                    STORE_MISSING -> of(500, code, "The database refused", "The server's log has the reason.", failed);
        };
    }

    private static Problem of(int status, ErrorCode code, String title, String detail, Throwable cause) {
        return new Problem(status, code.name(), title, detail, Map.of(), Map.of(), cause);
    }

    private static String message(TidemillException failed) {
        return String.valueOf(failed.getMessage());
    }

    /** Names the field by a JSON pointer into the request's body. */
    public Problem at(String pointer) {
        return member("pointer", pointer);
    }

    /** Names the query parameter. */
    public Problem parameter(String name) {
        return member("parameter", name);
    }

    /** The same, of a field that lies under this pointer. */
    public Problem under(String pointer) {
        return at(pointer + members.getOrDefault("pointer", ""));
    }

    /** Says where else to send the request. */
    public Problem elsewhere(String url) {
        return member("server", url);
    }

    private Problem member(String name, String value) {
        Map<String, String> more = new TreeMap<>(members);
        more.put(name, value);
        return new Problem(status, code, title, detail(), more, headers, getCause());
    }

    /** With this header on the answer. */
    public Problem header(String name, String value) {
        Map<String, String> more = new TreeMap<>(headers);
        more.put(name, value);
        return new Problem(status, code, title, detail(), members, more, getCause());
    }

    /** With another status than the code's own. */
    Problem as(int otherStatus) {
        return new Problem(otherStatus, code, title, detail(), members, headers, getCause());
    }

    private Problem retryLater() {
        return header("Retry-After", Integer.toString(RETRY_AFTER_SECONDS));
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The stable code. */
    public String code() {
        return code;
    }

    /** What is wrong with requests of this kind. */
    public String title() {
        return title;
    }

    /** What is wrong with this very request. */
    public String detail() {
        String detail = String.valueOf(getMessage());
        return detail.length() <= MAX_DETAIL_CHARS ? detail : detail.substring(0, MAX_DETAIL_CHARS) + "…";
    }

    /** As an answer. */
    public Reply reply() {
        byte[] body = Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty(
                    "type",
                    "urn:problem-type:tidemill:" + code.toLowerCase(Locale.ROOT).replace('_', '-'));
            json.writeStringProperty("title", title);
            json.writeNumberProperty("status", status);
            json.writeStringProperty("detail", detail());
            json.writeStringProperty("code", code);
            members.forEach(json::writeStringProperty);
            json.writeEndObject();
        });
        return new Reply(status, MEDIA_TYPE, body, headers);
    }
}
