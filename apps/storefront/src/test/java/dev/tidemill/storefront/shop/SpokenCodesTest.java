package dev.tidemill.storefront.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpokenCodesTest {
    private static final long MOST = (1L << 60) - 1;
    private static final int CUSTOMERS = 40_000;

    private final SpokenCodes codes = new SpokenCodes(key(1));

    private static byte[] key(int filling) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) filling);
        return key;
    }

    /** Every number there is: an even and odd number of bits, the second of which cannot be halved. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void theNetworkLeadsEveryNumberToAnotherOneAndBack(int width) {
        int numbers = 1 << (5 * width);
        BitSet seen = new BitSet(numbers);
        for (int number = 0; number < numbers; number++) {
            long mixed = codes.mix(number, width);
            seen.set((int) mixed);
            assertThat(codes.unmix(mixed, width)).isEqualTo(number);
        }
        assertThat(seen.cardinality()).isEqualTo(numbers);
        assertThat(seen.length()).isEqualTo(numbers);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 8, 9, 10, 11, 12})
    void theWayBackIsRightForEveryWidth(int width) {
        new Random(width).longs(200, 0, 1L << (5 * width)).forEach(number -> {
            long mixed = codes.mix(number, width);
            assertThat(mixed).isBetween(0L, (1L << (5 * width)) - 1);
            assertThat(codes.unmix(mixed, width)).isEqualTo(number);
        });
    }

    @Test
    void noTwoCustomersHaveTheSameCodeAndEachLeadsBack() {
        Set<String> seen = new HashSet<>();
        for (long number = 0; number < CUSTOMERS; number++) {
            String word = codes.word(number);
            assertThat(seen.add(word)).as("%s is new", word).isTrue();
            assertThat(word).matches("([bklmrstv][aiou]){4,12}").doesNotContain(SpokenCodes.RUDE);
            assertThat(codes.number(word)).hasValue(number);
        }
        assertThat(seen.stream().filter(word -> word.length() == 8).count()).isGreaterThan(CUSTOMERS * 8 / 10);
    }

    @Test
    void numbersUpToTheLastOneHaveCodes() {
        for (long number : new long[] {0, 1, (1L << 20) - 1, 1L << 20, 1L << 35, MOST - 1, MOST}) {
            assertThat(codes.number(codes.word(number))).hasValue(number);
        }
        assertThatThrownBy(() -> codes.word(-1)).hasMessageContaining("2^60 - 1");
        assertThatThrownBy(() -> codes.word(MOST + 1)).hasMessageContaining("2^60 - 1");
    }

    @Test
    void aCodeThatIsSaidOrTypedLooselyIsUnderstood() {
        String word = codes.word(4711);
        String loose = " " + word.substring(0, 4).toUpperCase(java.util.Locale.ROOT) + "-" + word.substring(4) + "\t";

        assertThat(codes.number(loose.replace('o', '0').replace('L', '1'))).hasValue(4711);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "b", "ba", "bakilo", "abababab", "bakomire", "zazazaza", "ba ka", "バカ", "0000", "11111111"})
    void whatIsNoCodeIsNobodys(String typed) {
        assertThat(codes.number(typed)).isEmpty();
    }

    /** Half of the longer words would be another name of a number that has a shorter one. */
    @Test
    void aNumberHasOneNameOnly() {
        int others = 0;
        for (long number = 0; number < 2_000; number++) {
            String shortest = codes.word(number);
            assertThat(codes.number(shortest)).hasValue(number);
            others += shortest.length() == 8 ? 0 : 1;
        }
        assertThat(others)
                .as("some had to be longer, since the short word was rude")
                .isPositive();
        Random random = new Random(1);
        for (int n = 0; n < 2_000; n++) {
            StringBuilder word = new StringBuilder();
            for (int syllable = 0; syllable < 5; syllable++) {
                word.append("bklmrstv".charAt(random.nextInt(8))).append("aiou".charAt(random.nextInt(4)));
            }
            codes.number(word.toString())
                    .ifPresent(number -> assertThat(codes.word(number)).isEqualTo(word.toString()));
        }
    }

    @Test
    void anotherKeyGivesOtherCodes() {
        SpokenCodes others = new SpokenCodes(key(2));
        int same = 0;
        for (long number = 0; number < 200; number++) {
            same += others.word(number).equals(codes.word(number)) ? 1 : 0;
        }
        assertThat(same).isLessThan(3);
        assertThatThrownBy(() -> new SpokenCodes(new byte[8])).hasMessageContaining("at least 16");
    }

    /** What cannot be said with these letters need not be looked for. */
    @Test
    void noSoundIsForbiddenInVain() {
        for (String sound : SpokenCodes.RUDE) {
            assertThat(sound).matches("[aiou]?([bklmrstv][aiou])*[bklmrstv]?").hasSizeGreaterThan(2);
        }
    }
}
