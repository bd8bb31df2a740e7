package dev.tidemill.cache.tier;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What an invalidation is aimed at: a key, a tag, or the keys that fit a pattern.
 *
 * <p>The shared tier finds the invalidations of an entry by equality: an entry's {@linkplain #of targets} are its key,
 * its tags, every beginning of its key that ends with a colon, and two that all entries have, {@code *} and {@code g}.
 * A pattern such as {@code user:42:*} is one of those beginnings, and costs a lookup however many there are; any other
 * pattern is a {@code g} and is compared one by one.
 *
 * @param name by which it is found: {@code k:key}, {@code t:tag}, {@code p:beginning}, {@code g} or {@code *}
 * @param pattern the pattern of a {@code g}, in which {@code *} stands for any text; empty for the others
 */
public record Target(String name, String pattern) {
    /** What every entry is. */
    public static final Target EVERYTHING = new Target("*", "");

    private static final String PATTERNS = "g";

    /** A key. */
    public static Target key(String key) {
        return new Target("k:" + key, "");
    }

    /** A tag. */
    public static Target tag(String tag) {
        return new Target("t:" + tag, "");
    }

    /** A pattern, in which {@code *} stands for any text and everything else for itself. */
    public static Target pattern(String pattern) {
        int star = pattern.indexOf('*');
        if (star < 0) {
            return key(pattern);
        }
        String beginning = pattern.substring(0, star);
        if (pattern.chars().allMatch(c -> c == '*')) {
            return EVERYTHING;
        }
        return star == pattern.length() - 1 && beginning.endsWith(":")
                ? new Target("p:" + beginning, "")
                : new Target(PATTERNS, pattern);
    }

    /** The names by which invalidations of an entry are found. */
    public static List<String> of(String key, Collection<String> tags) {
        List<String> names = new ArrayList<>();
        names.add(EVERYTHING.name);
        names.add(PATTERNS);
        names.add("k:" + key);
        for (int colon = key.indexOf(':'); colon >= 0; colon = key.indexOf(':', colon + 1)) {
            names.add("p:" + key.substring(0, colon + 1));
        }
        for (String tag : tags) {
            names.add("t:" + tag);
        }
        return names;
    }

    /** Whether this is about one key alone. */
    public boolean isKey() {
        return name.startsWith("k:");
    }

    /** Whether this is about entries with a tag. */
    public boolean isTag() {
        return name.startsWith("t:");
    }

    /** The key or tag or beginning. */
    public String subject() {
        return name.length() > 2 ? name.substring(2) : pattern;
    }

    /** Whether it is aimed at an entry. */
    public boolean matches(String key, Collection<String> tags) {
        if (isKey()) {
            return key.length() == name.length() - 2 && name.endsWith(key);
        }
        if (isTag()) {
            return tags.contains(subject());
        }
        if (name.startsWith("p:")) {
            return key.startsWith(subject());
        }
        return name.equals(EVERYTHING.name) || fits(pattern, key);
    }

    /** Whether a text fits a pattern; the steps are bounded by the product of their lengths. */
    static boolean fits(String pattern, String text) {
        int p = 0;
        int t = 0;
        int star = -1;
        int resume = 0;
        while (t < text.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                resume = t;
            } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
                p++;
                t++;
            } else if (star >= 0) {
                p = star + 1;
                t = ++resume;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }
}
