package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.Search.Place;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;

/**
 * How far a search is, as a text that says nothing to others. It carries a checksum of the filter, because a position
 * means nothing in another search: one that goes on with other words would skip jobs and not say so.
 */
final class SearchCursor {
    private static final String VERSION = "1";
    private static final int MAX_CHARS = 200;
    private static final int MAX_POSITION = 8;

    private SearchCursor() {}

    static String write(Place place, JobFilter filter) {
        String text = place.position().stream()
                .map(String::valueOf)
                .collect(Collectors.joining(" ", VERSION + " " + sum(filter) + " " + place.walk() + " ", ""));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    static Place read(String cursor, JobFilter filter) {
        List<String> parts = parts(cursor);
        if (parts.size() < 3
                || parts.size() > 3 + MAX_POSITION
                || !parts.getFirst().equals(VERSION)) {
            throw refused("The cursor is none that a search gave out; leave it out to begin.");
        }
        if (!parts.get(1).equals(sum(filter))) {
            throw refused("The cursor is of a search for other jobs; send it with the filter that it came from, or"
                    + " leave it out to begin.");
        }
        try {
            List<Long> position = new ArrayList<>();
            for (String number : parts.subList(3, parts.size())) {
                position.add(Long.parseLong(number));
            }
            return new Place(Integer.parseInt(parts.get(2)), position);
        } catch (NumberFormatException forged) {
            throw refused("The cursor is none that a search gave out; leave it out to begin.");
        }
    }

    private static List<String> parts(String cursor) {
        if (cursor.length() > MAX_CHARS) {
            return List.of();
        }
        try {
            String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.US_ASCII);
            return List.of(text.split(" ", -1));
        } catch (IllegalArgumentException noBase64) {
            return List.of();
        }
    }

    private static String sum(JobFilter filter) {
        CRC32C sum = new CRC32C();
        sum.update(filter.toString().getBytes(StandardCharsets.UTF_8));
        return Long.toHexString(sum.getValue());
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }
}
