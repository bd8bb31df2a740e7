package dev.tidemill.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The house keeps its rules, and a house built to break them breaks every one. */
class HouseTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("dev/tidemill/architecture/"))
            .importPackages("dev.tidemill");
    private static final JavaClasses BROKEN =
            new ClassFileImporter().importPackages("dev.tidemill.architecture.broken");

    private static final HouseRules RULES = new HouseRules("dev.tidemill");
    private static final HouseRules BROKEN_RULES = new HouseRules("dev.tidemill.architecture.broken");

    /** A rule, and what it says of the broken house. */
    record Rule(String name, Function<HouseRules, ArchRule> rule, String complaint) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final List<Rule> ALL = List.of(
            new Rule("known rooms", HouseRules::everyClassIsInAKnownRoom, "is in no known room but in 'attic'"),
            new Rule("downwards", HouseRules::importsRunDownwards, "jobs.Upwards.server"),
            new Rule("beside", HouseRules::importsRunDownwards, "jobs.Sideways.lease"),
            new Rule("no cycles", HouseRules::roomsHaveNoCycles, "Cycle detected: Slice jobs"),
            new Rule("port", HouseRules::thePortKnowsNoEngine, "store.PortOfTheEngine"),
            new Rule("api return", HouseRules::theApiShowsNoEngine, "jobs.Shows: shows"),
            new Rule("api generic", HouseRules::theApiShowsNoEngine, "jobs.ShowsInAList: shows"),
            new Rule("names", HouseRules::packagesNameResponsibilities, "postgres.util.Everything"),
            new Rule("null marked", HouseRules::everyPackageIsNullMarked, "broken.jobs, which is not @NullMarked"),
            new Rule("prints", HouseRules::librariesDoNotPrint, "postgres.Prints"),
            new Rule("libraries", HouseRules::theEngineUsesFewLibraries, "jobs.Carries"),
            new Rule("no wall clock", HouseRules::theCacheReadsNoWallClock, "cache.Late"));

    static List<Rule> all() {
        return ALL;
    }

    @ParameterizedTest
    @MethodSource("all")
    void theHouseKeepsIt(Rule rule) {
        rule.rule.apply(RULES).check(HOUSE);
    }

    @ParameterizedTest
    @MethodSource("all")
    void aBrokenHouseFails(Rule rule) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> rule.rule.apply(BROKEN_RULES).check(BROKEN))
                .withMessageContaining(rule.complaint);
    }

    /** A rule over no classes holds too: every room must have been looked at. */
    @Test
    void everyRoomIsSeen() {
        Set<String> seen = HOUSE.stream()
                .map(type -> type.getPackageName().split("\\.", -1))
                .filter(parts -> parts.length > 2)
                .map(parts -> parts[2])
                .collect(Collectors.toSet());
        assertThat(seen)
                .containsExactlyInAnyOrderElementsOf(
                        House.ROOMS.stream().map(House.Room::name).toList());
        assertThat(Stream.of("jobs", "engine", "store", "postgres", "server"))
                .allSatisfy(name -> assertThat(HOUSE.stream()
                                .filter(type -> type.getPackageName().endsWith("." + name))
                                .count())
                        .isGreaterThan(5));
    }
}
