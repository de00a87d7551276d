package io.weir.server;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The rules of the house that keep its rooms apart ({@code docs/ARCHITECTURE.md}). */
class LayeringTest {
    private static final JavaClasses SERVER = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.weir");

    /** The ways from a request to the table: staging, and commands to the keeper. */
    private static final DescribedPredicate<JavaClass> WAYS_IN = DescribedPredicate.describe(
            "Ingest, Batch and StoreCommands",
            type -> Stream.of(
                            "io.weir.store.StoreCommands",
                            "io.weir.store.Selector",
                            "io.weir.ingest.")
                    .anyMatch(type.getName()::startsWith));

    @TestFactory
    Stream<DynamicTest> shouldKeepTheRoomsOfTheServerApart() {
        Map<String, ArchRule> rules = new LinkedHashMap<>();
        rules.put(
                "a door reaches the store through Ingest and StoreCommands only",
                noClasses()
                        .that()
                        .resideInAnyPackage("io.weir.server.door..", "io.weir.server.http..")
                        .should()
                        .dependOnClassesThat(resideInAnyPackage("io.weir.store..", "io.weir.ingest..")
                                .and(DescribedPredicate.not(WAYS_IN))
                                .as("are inner parts of the store")));
        rules.put(
                "outputs reach snapshots only",
                noClasses()
                        .that()
                        .resideInAPackage("io.weir.server.remotewrite..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("io.weir.ingest..", "io.weir.store..", "io.weir.server.http..", "io.weir.server.door.."));
        rules.put(
                "parsers and transport do not know the configuration's sources",
                noClasses()
                        .that()
                        .resideOutsideOfPackage("io.weir.server.config..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("org.snakeyaml.."));
        rules.put(
                "logging goes through slf4j",
                noClasses()
                        .that()
                        .resideOutsideOfPackage("io.weir.server.log..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("ch.qos.logback..", "java.util.logging.."));
        rules.put(
                "only main prints",
                noClasses()
                        .that(DescribedPredicate.not(belongToAnyOf(Main.class)))
                        .should()
                        .accessField(System.class, "out"));
        rules.put("rooms form no circle", slices().matching("io.weir.server.(*)..").should().beFreeOfCycles());
        return rules.entrySet().stream()
                .map(rule -> DynamicTest.dynamicTest(
                        rule.getKey(), () -> rule.getValue().allowEmptyShould(true).check(SERVER)));
    }
}
