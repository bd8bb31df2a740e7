package dev.tidemill.server.http;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * An answer.
 *
 * @param status HTTP status
 * @param mediaType of the body; empty if there is none
 * @param body the bytes; not copied, so not to be changed
 * @param headers more headers
 */
@SuppressWarnings("ArrayRecordComponent") // A carrier, never compared; copying large bodies would serve nobody.
public record Reply(int status, String mediaType, byte[] body, Map<String, String> headers) {
    public static final String JSON = "application/json";
    public static final String HTML = "text/html; charset=utf-8";
    public static final String TEXT = "text/plain; charset=utf-8";

    private static final byte[] NOTHING = {};

    public Reply {
        headers = Map.copyOf(headers);
    }

    /** JSON with status 200. */
    public static Reply json(byte[] body) {
        return new Reply(200, JSON, body, Map.of());
    }

    /** An HTML page or fragment with status 200. */
    public static Reply html(String body) {
        return new Reply(200, HTML, body.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    /** No body. */
    public static Reply empty(int status) {
        return new Reply(status, "", NOTHING, Map.of());
    }

    /** Sends the browser to another page, which it asks for with GET. */
    public static Reply seeOther(String path) {
        return empty(303).header("Location", path);
    }

    /** With this status. */
    public Reply status(int value) {
        return new Reply(value, mediaType, body, headers);
    }

    /** With a strong ETag of the body; whoever has that very answer is told so instead of getting it again. */
    public Reply tagged() {
        return tagged(Etag.of(body));
    }

    /** With an ETag that begins with a version of what can be changed; see {@link Etag}. */
    public Reply versioned(String version) {
        return tagged(Etag.of(version, body));
    }

    private Reply tagged(String tag) {
        return header("ETag", tag).header("Cache-Control", "private, no-cache");
    }

    /** With this header, instead of a former one of that name. */
    public Reply header(String name, String value) {
        Map<String, String> more = new TreeMap<>(headers);
        more.put(name, value);
        return new Reply(status, mediaType, body, more);
    }
}
