package ml.regard

import com.tngtech.archunit.base.DescribedPredicate
import com.tngtech.archunit.core.domain.{JavaClass, JavaClasses}
import com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage
import com.tngtech.archunit.core.importer.{ClassFileImporter, ImportOption}
import com.tngtech.archunit.lang.ArchRule
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.{classes, noClasses}
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices
import org.scalatest.funsuite.AnyFunSuite

/** The layers point one way: job -> ml -> engine -> optim -> kernel; job -> io, report. */
class ArchitectureSuite extends AnyFunSuite {
  private lazy val main: JavaClasses = new ClassFileImporter()
    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
    .withImportOption(location => !location.contains("/test-classes/"))
    .importPackages("ml.regard")

  private val Root = "ml.regard"
  private val Spark = "org.apache.spark.."
  private val SparkML = "org.apache.spark.ml.."

  private def layer(name: String): String = s"ml.regard.$name.."

  private def check(rule: ArchRule): Unit = rule.allowEmptyShould(true).check(main)

  /** Classes of the layer name nothing of ours or of Spark's but what is listed. */
  private def mayUse(name: String, allowed: String*): Unit = {
    val inside = resideInAnyPackage(layer(name) +: Root +: allowed: _*)
    val ours: DescribedPredicate[JavaClass] = resideInAnyPackage("ml.regard..", Spark)
    check(
      noClasses()
        .that()
        .resideInAPackage(layer(name))
        .should()
        .dependOnClassesThat(ours.and(DescribedPredicate.not(inside)))
    )
  }

  private def mayNotUse(name: String, forbidden: String*): Unit =
    check(
      noClasses()
        .that()
        .resideInAPackage(layer(name))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(forbidden: _*)
    )

  test("the rules below look at the main classes, and at nothing else") {
    assert(main.size >= 40)
    assert(main.contain("ml.regard.kernel.PackedKeys"))
    assert(!main.contain("ml.regard.ArchitectureSuite"))
  }

  test("kernel uses the JDK and the root package only") {
    check(
      classes()
        .that()
        .resideInAPackage(layer("kernel"))
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(layer("kernel"), Root, "java..", "jdk.incubator.vector..")
    )
  }

  test("optim uses the JDK, kernel and the root package only") {
    check(
      classes()
        .that()
        .resideInAPackage(layer("optim"))
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(layer("optim"), layer("kernel"), Root, "java..")
    )
  }

  test("lattice uses the JDK, kernel and the root package only") {
    check(
      classes()
        .that()
        .resideInAPackage(layer("lattice"))
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
          layer("lattice"),
          layer("kernel"),
          Root,
          "java..",
          "jdk.incubator.vector.."
        )
    )
  }

  test("engine uses Spark core and SQL, optim, lattice and kernel") {
    mayUse("engine", Spark, layer("optim"), layer("lattice"), layer("kernel"))
    mayNotUse("engine", SparkML, "org.apache.spark.mllib..")
  }

  test("ml uses Spark ML, engine and what is below it") {
    mayUse("ml", Spark, layer("engine"), layer("optim"), layer("lattice"), layer("kernel"))
  }

  test("io uses Spark SQL and nothing of ours but the root package") {
    mayUse("io", Spark)
    mayNotUse("io", SparkML, "org.apache.spark.mllib..")
  }

  test("report uses neither Spark nor another package of ours") {
    mayUse("report")
    mayNotUse("report", Spark, "org.apache.hadoop..")
  }

  test("packages form no cycle") {
    check(slices().matching("ml.regard.(*)..").should().beFreeOfCycles())
  }

  test("no class in this root names the Vector API, which has a source root of its own") {
    check(
      noClasses()
        .that()
        .haveNameNotMatching("""ml\.regard\.(kernel|lattice)\.Simd.*""")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
    )
  }

  test("only jobs end the process or write to standard output") {
    check(
      noClasses()
        .that()
        .resideOutsideOfPackage(layer("job"))
        .should()
        .callMethod(classOf[System], "exit", classOf[Int])
        .orShould()
        .accessField(classOf[System], "out")
    )
  }

  test("every class we ship lives in a package of ours") {
    val output = classOf[DataException].getProtectionDomain.getCodeSource.getLocation
    val shipped = new ClassFileImporter().importUrl(output)
    assert(shipped.size >= main.size)
    shipped.forEach(c =>
      assert(c.getPackageName == Root || c.getPackageName.startsWith(Root + "."))
    )
  }
}
