package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.schema.Migrations;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Tables that programs of the former version made. */
@ExtendWith(FreshSchema.class)
class FormerVersionTest {
    @Test
    void theyAreReadAndSteeredAsTheyAreAndBroughtUpToDateByWhoeverStarts(TestDatabase database) throws Exception {
        try (Site site = new Site(database)) {
            new Migrations(database.dataSource(), database.schema(), RuleSql.COMPONENT.with(List.of("R001__rules.sql")))
                    .apply();
            site.run("insert into {s}.rule (name, table_name, table_oid, definition) values ('old', '{s}.sub',"
                    + " '{s}.sub'::regclass, '{\"table\":\"{s}.sub\",\"watched\":[\"status\"],\"key\":\"user_id\","
                    + "\"carried\":[],\"events\":[\"INSERT\"],\"keysOnlyBeyond\":100,\"ownWrites\":false}')");
            Rules rules = site.rules();
            RuleStatus seen = rules.rule("old").status();
            assertThat(seen.unserved()).as("nobody says").isFalse();
            assertThat(seen.code().seen()).isEmpty();
            assertThat(rules.rule("old").pause()).isTrue();
            rules.rule("old").repair();
            assertThat(rules.rule("old").askForDryRun(1)).isPositive();
            assertThat(rules.rule("old").askForSweep()).isPositive();
            assertThatExceptionOfType(RuleException.class)
                    .isThrownBy(() -> rules.rule("old").release("7"))
                    .withMessageContainingAll("rules tables at version 1", "'tidemill migrate'");
            assertThatExceptionOfType(RuleException.class)
                    .isThrownBy(() -> rules.rule("nobody").release("7"))
                    .satisfies(error -> assertThat(error.code()).isEqualTo(RuleError.NOT_FOUND));
            assertThat(Rules.migrations(database.dataSource(), database.schema())
                            .standing()
                            .missing())
                    .containsExactly("R002__watched.sql", "R004__horizon.sql", "R005__any_key.sql");
            rules.start();
            assertThat(Rules.migrations(database.dataSource(), database.schema())
                            .standing()
                            .missing())
                    .isEmpty();
            assertThat(rules.rule("old").status().state()).isEqualTo(RuleState.PAUSED);
        }
    }
}
