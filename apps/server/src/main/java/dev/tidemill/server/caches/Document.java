package dev.tidemill.server.caches;

import java.util.regex.Pattern;

/**
 * A value as HTTP carries it.
 *
 * @param mediaType up to 200 printable ASCII characters, such as {@code application/json}
 * @param body its bytes; not copied, so not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // A carrier, never compared; copying large bodies would serve nobody.
public record Document(String mediaType, byte[] body) {
    /** What is known to be bytes and no more. */
    public static final String BYTES = "application/octet-stream";

    private static final Pattern MEDIA_TYPE = Pattern.compile("[!-~][ -~]{0,199}");

    public Document {
        if (!MEDIA_TYPE.matcher(mediaType).matches()) {
            mediaType = BYTES;
        }
    }
}
