package dev.tidemill.storefront.shop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a purchase is worth to whoever invited the buyer, around each bound. */
class RewardTierTest {
    @ParameterizedTest
    @CsvSource({
        "0, PEBBLE, 100",
        "1999, PEBBLE, 100",
        "2000, SHELL, 300",
        "5999, SHELL, 300",
        "6000, CORAL, 700",
        "11999, CORAL, 700",
        "12000, PEARL, 1500",
        "999999999999, PEARL, 1500"
    })
    void aTierBeginsAtItsBound(long totalCents, RewardTier tier, long worthCents) {
        assertThat(RewardTier.of(totalCents)).isEqualTo(tier);
        assertThat(tier.cents()).isEqualTo(worthCents);
    }

    @Test
    void theBestTierIsTheOneThatGivesTheMost() {
        assertThat(RewardTier.best()).isEqualTo(RewardTier.PEARL);
    }
}
