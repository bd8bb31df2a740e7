package dev.tidemill.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Which rule holds for which exception. */
final class ErrorRulesTest {
    private static ErrorCategory category(ErrorRules rules, Throwable failure) {
        return rules.verdict(failure).orElseThrow().category();
    }

    @Test
    void theMostSpecificClassWinsInWhateverOrderTheRulesStand() {
        ErrorRules general = ErrorRules.NONE.on(SQLException.class).permanent();
        ErrorRules both = general.on(SQLTransientException.class).retry();
        ErrorRules reversed = ErrorRules.NONE
                .on(SQLTransientException.class)
                .retry()
                .on(SQLException.class)
                .permanent();
        for (ErrorRules rules : new ErrorRules[] {both, reversed}) {
            assertThat(category(rules, new SQLTransientException())).isEqualTo(ErrorCategory.RETRY);
            assertThat(category(rules, new SQLException())).isEqualTo(ErrorCategory.PERMANENT);
        }
        assertThat(both.verdict(new IOException())).isEmpty();
    }

    @Test
    void theMostSpecificClassWinsWhereverItStandsAmongTheCauses() {
        ErrorRules rules = ErrorRules.NONE
                .on(Exception.class)
                .permanent()
                .on(SocketException.class)
                .rateLimited(Duration.ofSeconds(1))
                .on(ConnectException.class)
                .dependencyDown("stripe");
        Throwable wrapped = new IllegalStateException(new IOException(new ConnectException("refused")));
        assertThat(category(rules, wrapped)).isEqualTo(ErrorCategory.DEPENDENCY_DOWN);
        assertThat(rules.verdict(wrapped).orElseThrow().dependency()).isEqualTo("stripe");
        assertThat(category(rules, new IllegalStateException("alone"))).isEqualTo(ErrorCategory.PERMANENT);
    }

    @Test
    void ofUnrelatedClassesTheOneNearestToWhatWasThrownWins() {
        ErrorRules rules = ErrorRules.NONE
                .on(IOException.class)
                .retry()
                .on(IllegalStateException.class)
                .permanent();
        assertThat(category(rules, new IllegalStateException(new IOException())))
                .isEqualTo(ErrorCategory.PERMANENT);
        assertThat(category(rules, new IOException(new IllegalStateException())))
                .isEqualTo(ErrorCategory.RETRY);
    }

    @Test
    void causesThatGoRoundInACircleEnd() {
        Exception first = new Exception("first");
        Exception second = new Exception("second", first);
        first.initCause(second);
        assertThat(ErrorRules.NONE.on(IOException.class).retry().verdict(first)).isEmpty();
    }

    @Test
    void anExceptionTellsItsOwnDelay() {
        ErrorRules rules =
                ErrorRules.NONE.on(SQLException.class).rateLimited(thrown -> Duration.ofSeconds(thrown.getErrorCode()));
        assertThat(rules.verdict(new RuntimeException(new SQLException("slow down", "x", 7)))
                        .orElseThrow()
                        .after())
                .isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    void badNamesAndDelaysAreRefused() {
        assertThatThrownBy(() -> ErrorRules.NONE.on(Exception.class).dependencyDown("no name"))
                .hasMessageContaining("is not a dependency");
        assertThatThrownBy(() -> ErrorRules.NONE.on(Exception.class).rateLimited(Duration.ofSeconds(-1)))
                .isInstanceOf(TidemillException.class);
    }
}
