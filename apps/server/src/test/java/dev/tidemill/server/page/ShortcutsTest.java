package dev.tidemill.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class ShortcutsTest {
    @Test
    void everyRoomHasALetterOfItsOwn() {
        assertThat(Arrays.stream(Section.values()).map(Shortcuts::letter))
                .allMatch(letter -> letter.matches("[a-fh-z]"))
                .doesNotHaveDuplicates();
    }
}
