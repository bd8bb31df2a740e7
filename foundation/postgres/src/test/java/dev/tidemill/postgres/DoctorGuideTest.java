package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Ailment;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** docs/operate/doctor.md has a section for everything the doctor finds, and for nothing else. */
final class DoctorGuideTest {
    @Test
    void everyAilmentHasItsSection() throws IOException {
        assertThat(DocumentedCode.text("docs/operate/doctor.md").lines().filter(line -> line.startsWith("## ")))
                .containsExactlyElementsOf(Arrays.stream(Ailment.values())
                        .map(ailment -> "## " + ailment.name())
                        .toList());
        assertThat(Ailment.HELD_XMIN.why()).endsWith(".");
    }
}
