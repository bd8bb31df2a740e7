package dev.tidemill.storefront.shop;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Turns numbers into short words that can be said on the phone, {@code ramitoku}, and back: no two numbers have the same
 * word, so nobody has to look whether one is taken.
 *
 * <p>A syllable is a consonant and a vowel, one of eight and one of four, and so five bits. A word of w syllables stands for
 * a number of 5w bits that was mixed before by a Feistel network under the shop's key: eight rounds, each of which adds a
 * keyed hash of one half to the other half. A round is undone by adding the same hash again, whatever the hash is, so the
 * network is a bijection on the numbers of 5w bits; without the key nobody sees from a word how many customers there are.
 *
 * <p>A number's word is the shortest of four to twelve syllables that has room for it and holds none of the sounds that
 * are rude in some language. A word of w syllables can only be that of the one number that the network of this width leads
 * to it, whatever other widths are used for: so the choice of the width cannot make two words the same. The first million
 * numbers get eight letters, but for about a tenth, which get ten.
 *
 * <p>The consonants sound unlike each other, and no letter looks like another in lower case but l, which is also read
 * from 1, as o is from 0. Rivals that lost: a random word, which must be looked up and tried again; the name and a
 * timestamp, which are long and tell both; the number as it is, which counts the customers for everybody.
 *
 * <p>Thread safe.
 */
public final class SpokenCodes {
    /** The shortest word, in syllables. */
    static final int SHORTEST = 4;

    /** The longest one. */
    static final int LONGEST = 12;

    private static final String CONSONANTS = "bklmrstv";
    private static final String VOWELS = "aiou";
    private static final int SYLLABLE_BITS = 5;
    private static final int ROUNDS = 8;
    private static final String ALGORITHM = "HmacSHA256";

    /** What no word holds: what ears of some language mind. A consonant never meets another here, so this is not all. */
    static final List<String> RUDE = List.of(
            "tit", "kak", "kuk", "kok", "kut", "lul", "sik", "suk", "kil", "isis", "amok", "baka", "kulo", "loli",
            "marik", "makak", "mulat", "tumor", "vomit");

    private final SecretKeySpec key;

    /**
     * Under a key.
     *
     * @param key at least 16 bytes, the same for the life of the words
     */
    public SpokenCodes(byte[] key) {
        if (key.length < 16) {
            throw new IllegalArgumentException("The key has " + key.length + " bytes; it needs at least 16.");
        }
        this.key = new SecretKeySpec(key, ALGORITHM);
    }

    /**
     * The word of a number.
     *
     * @param number from 0 to 2^60 - 1
     */
    public String word(long number) {
        for (int width = SHORTEST; width <= LONGEST; width++) {
            if (number >= 0 && number >>> (width * SYLLABLE_BITS) == 0) {
                String word = spell(mix(number, width), width);
                if (isClean(word)) {
                    return word;
                }
            }
        }
        throw new IllegalArgumentException("There is no word for " + number + ": it is none of 0 to 2^60 - 1.");
    }

    /** The number of a word, however it was typed; empty if it is the word of none. */
    public OptionalLong number(String typed) {
        String word = plain(typed);
        int width = word.length() / 2;
        if (word.length() % 2 != 0 || width < SHORTEST || width > LONGEST) {
            return OptionalLong.empty();
        }
        OptionalLong mixed = unspell(word);
        if (mixed.isEmpty()) {
            return mixed;
        }
        long number = unmix(mixed.getAsLong(), width);
        return word(number).equals(word) ? OptionalLong.of(number) : OptionalLong.empty();
    }

    /** A typed word as it is stored: in lower case, without blanks and hyphens, 0 read as o and 1 as l. */
    public static String plain(String typed) {
        return typed.strip()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[\\s-]", "")
                .replace('0', 'o')
                .replace('1', 'l');
    }

    private static boolean isClean(String word) {
        return RUDE.stream().noneMatch(word::contains);
    }

    private static String spell(long value, int width) {
        StringBuilder word = new StringBuilder(2 * width);
        for (int shift = (width - 1) * SYLLABLE_BITS; shift >= 0; shift -= SYLLABLE_BITS) {
            int syllable = (int) (value >>> shift) & 31;
            word.append(CONSONANTS.charAt(syllable >>> 2)).append(VOWELS.charAt(syllable & 3));
        }
        return word.toString();
    }

    private static OptionalLong unspell(String word) {
        long value = 0;
        for (int at = 0; at < word.length(); at += 2) {
            int consonant = CONSONANTS.indexOf(word.charAt(at));
            int vowel = VOWELS.indexOf(word.charAt(at + 1));
            if (consonant < 0 || vowel < 0) {
                return OptionalLong.empty();
            }
            value = (value << SYLLABLE_BITS) | (consonant << 2) | vowel;
        }
        return OptionalLong.of(value);
    }

    /**
     * The network on numbers of 5 x width bits. Where they cannot be halved the left half is the smaller one; the halves
     * change places in every round, so their sizes do too, and after an even number of rounds they are as before.
     */
    long mix(long value, int width) {
        int leftBits = width * SYLLABLE_BITS / 2;
        int rightBits = width * SYLLABLE_BITS - leftBits;
        long left = value >>> rightBits;
        long right = value & ones(rightBits);
        Mac mac = mac();
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ (hash(mac, width, round, right) & ones(round % 2 == 0 ? leftBits : rightBits));
            left = right;
            right = next;
        }
        return (left << rightBits) | right;
    }

    /** The way back. */
    long unmix(long value, int width) {
        int leftBits = width * SYLLABLE_BITS / 2;
        int rightBits = width * SYLLABLE_BITS - leftBits;
        long left = value >>> rightBits;
        long right = value & ones(rightBits);
        Mac mac = mac();
        for (int round = ROUNDS - 1; round >= 0; round--) {
            long former = right ^ (hash(mac, width, round, left) & ones(round % 2 == 0 ? leftBits : rightBits));
            right = left;
            left = former;
        }
        return (left << rightBits) | right;
    }

    private static long ones(int bits) {
        return (1L << bits) - 1;
    }

    private Mac mac() {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException unavailable) {
            throw new IllegalStateException(ALGORITHM + " is part of every JDK, and takes every key", unavailable);
        }
    }

    private static long hash(Mac mac, int width, int round, long half) {
        byte[] asked = ByteBuffer.allocate(2 + Long.BYTES)
                .put((byte) width)
                .put((byte) round)
                .putLong(half)
                .array();
        return ByteBuffer.wrap(mac.doFinal(asked)).getLong();
    }
}
