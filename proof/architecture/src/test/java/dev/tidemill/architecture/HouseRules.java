package dev.tidemill.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import dev.tidemill.architecture.House.Room;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** The rules, for the house below a root package: the real one, or one that was built to break them. */
final class HouseRules {
    private static final String[] EMPTY_NAMES = {"..util..", "..common..", "..impl..", "..manager..", "..helper.."};

    private final String root;

    HouseRules(String root) {
        this.root = root;
    }

    /** The room that a class is in: the package below the root. */
    private Optional<String> roomOf(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(root + ".")
                ? Optional.of(name.substring(root.length() + 1).split("\\.", 2)[0])
                : Optional.empty();
    }

    private DescribedPredicate<JavaClass> inALibrary() {
        return DescribedPredicate.describe(
                "are in a library room",
                type -> roomOf(type)
                        .flatMap(House::room)
                        .filter(Room::isLibrary)
                        .isPresent());
    }

    ArchRule everyClassIsInAKnownRoom() {
        return classes().should(check("be in a room that the house knows", (type, events) -> {
            String name = roomOf(type).orElse("");
            if (House.room(name).isEmpty()) {
                violated(events, type, "is in no known room but in '" + name + "'");
            }
        }));
    }

    ArchRule importsRunDownwards() {
        return classes().should(check("use only rooms that theirs may use", (type, events) -> {
            Optional<Room> room = roomOf(type).flatMap(House::room);
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                Optional<Room> other = roomOf(dependency.getTargetClass()).flatMap(House::room);
                if (room.isPresent() && other.isPresent() && !room.get().mayUse(other.get())) {
                    violated(events, type, dependency.getDescription());
                }
            }
        }));
    }

    ArchRule roomsHaveNoCycles() {
        return slices().matching(root + ".(*)..").should().beFreeOfCycles();
    }

    /** The port is the engine's and the stores' common ground: it knows neither. */
    ArchRule thePortKnowsNoEngine() {
        return noClasses()
                .that()
                .resideInAPackage(root + ".jobs.store..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(root + ".jobs.engine..");
    }

    ArchRule theApiShowsNoEngine() {
        return classes()
                .that()
                .resideInAPackage(root + ".jobs")
                .and()
                .arePublic()
                .should(check("show no engine type", (type, events) -> {
                    for (JavaClass shown : shownBy(type)) {
                        if (shown.getPackageName().startsWith(root + ".jobs.engine")) {
                            violated(events, type, "shows " + shown.getName());
                        }
                    }
                }));
    }

    private static Set<JavaClass> shownBy(JavaClass type) {
        Set<JavaClass> shown = new HashSet<>(type.getRawInterfaces());
        type.getRawSuperclass().ifPresent(shown::add);
        for (JavaCodeUnit unit : type.getCodeUnits()) {
            if (isShown(unit.getModifiers())) {
                unit.getParameterTypes().forEach(parameter -> shown.addAll(parameter.getAllInvolvedRawTypes()));
                shown.addAll(unit.getReturnType().getAllInvolvedRawTypes());
                unit.getThrowsClause().forEach(thrown -> shown.add(thrown.getRawType()));
            }
        }
        for (JavaField field : type.getFields()) {
            if (isShown(field.getModifiers())) {
                shown.addAll(field.getType().getAllInvolvedRawTypes());
            }
        }
        return shown;
    }

    private static boolean isShown(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    ArchRule packagesNameResponsibilities() {
        return noClasses().should().resideInAnyPackage(EMPTY_NAMES);
    }

    /** But for what a template engine generates. */
    ArchRule everyPackageIsNullMarked() {
        return classes()
                .that()
                .resideOutsideOfPackages("..templates..", "..storefront.pages..", "..storefront.texts..")
                .should(check("be in a package that is @NullMarked", (type, events) -> {
                    if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
                        violated(events, type, "is in " + type.getPackageName() + ", which is not @NullMarked");
                    }
                }));
    }

    ArchRule librariesDoNotPrint() {
        return noClasses().that(inALibrary()).should(GeneralCodingRules.ACCESS_STANDARD_STREAMS);
    }

    /** Whatever a POM may say: these are the packages that the two rooms in every application really use. */
    ArchRule theEngineUsesFewLibraries() {
        return noClasses()
                .that()
                .resideInAnyPackage(root + ".jobs..", root + ".postgres..")
                .should()
                .dependOnClassesThat(DescribedPredicate.describe("are of another library", this::isOfAnotherLibrary));
    }

    /** Clocks of two machines are never compared: the cache counts by the monotonic one, or asks the shared tier. */
    ArchRule theCacheReadsNoWallClock() {
        return noClasses()
                .that()
                .resideInAnyPackage(root + ".cache..", root + ".valkey..")
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.time.Instant")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.time.Clock")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.util.Date");
    }

    private boolean isOfAnotherLibrary(JavaClass type) {
        JavaClass element = type.getBaseComponentType();
        return !element.isPrimitive()
                && Stream.of(
                                "java.",
                                "javax.sql.",
                                "org.jspecify.",
                                "org.slf4j.",
                                "tools.jackson.",
                                "com.cronutils.",
                                "org.postgresql.",
                                root + ".schema.",
                                root + ".jobs.",
                                root + ".postgres.")
                        .noneMatch(element.getName()::startsWith);
    }

    private static ArchCondition<JavaClass> check(String what, BiConsumer<JavaClass, ConditionEvents> check) {
        return new ArchCondition<>(what) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                check.accept(type, events);
            }
        };
    }

    private static void violated(ConditionEvents events, JavaClass type, String how) {
        events.add(SimpleConditionEvent.violated(type, type.getName() + ": " + how));
    }
}
