package io.weir;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
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
    private static final JavaClasses CORE =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.weir");

    @TestFactory
    Stream<DynamicTest> shouldKeepTheRoomsOfTheCoreApart() {
        Map<String, ArchRule> rules = new LinkedHashMap<>();
        rules.put("sample knows no other room", knows("sample"));
        rules.put("parse knows sample only", knows("parse", "sample"));
        rules.put("snapshot knows sample only", knows("snapshot", "sample"));
        rules.put("store knows sample and snapshot only", knows("store", "sample", "snapshot"));
        rules.put("expose knows snapshot and words of sample only", knows("expose", "sample", "snapshot"));
        rules.put("ingest knows no exposition", knows("ingest", "sample", "snapshot", "store", "journal", "parse"));
        rules.put(
                "ingest knows no parser, only how numbers are read",
                noClasses()
                        .that()
                        .resideInAPackage("io.weir.ingest..")
                        .should()
                        .dependOnClassesThat(resideInAnyPackage("io.weir.parse..")
                                .and(DescribedPredicate.not(JavaClass.Predicates.simpleName("NumberReader")))
                                .as("are parsers")));
        rules.put("journal knows what the store holds, not who pushes", knows("journal", "sample", "snapshot", "store"));
        rules.put(
                "core knows no network, no HTTP and no JSON binding",
                noClasses()
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "io.netty..",
                                "com.sun.net.httpserver..",
                                "java.net..",
                                "com.fasterxml.jackson.databind..",
                                "io.weir.server.."));
        rules.put(
                "core knows channels of files only, and those in one place",
                noClasses()
                        .that()
                        .haveNameNotMatching("io\\.weir\\.journal\\.FileStorage.*")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("java.nio.channels.."));
        rules.put("rooms form no circle", slices().matching("io.weir.(*)..").should().beFreeOfCycles());
        return rules.entrySet().stream()
                .map(rule -> DynamicTest.dynamicTest(
                        rule.getKey(), () -> rule.getValue().allowEmptyShould(true).check(CORE)));
    }

    /** Classes of one room depend on none of the house but itself and those named. */
    private static ArchRule knows(String room, String... others) {
        String[] allowed = new String[others.length + 1];
        allowed[0] = "io.weir." + room + "..";
        for (int i = 0; i < others.length; i++) {
            allowed[i + 1] = "io.weir." + others[i] + "..";
        }
        DescribedPredicate<JavaClass> outside = resideInAnyPackage("io.weir..")
                .and(DescribedPredicate.not(resideInAnyPackage(allowed)))
                .as("stand in another room");
        return classes().that().resideInAPackage("io.weir." + room + "..").should()
                .onlyDependOnClassesThat(DescribedPredicate.not(outside).as("stand in " + String.join(", ", allowed)));
    }
}
