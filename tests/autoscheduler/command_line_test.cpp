#include "autoscheduler/generator_main/command_line.h"

#include <gmock/gmock.h>

using namespace sylvite;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

namespace {

GeneratorRequest parse(const std::vector<std::string> &arguments) { return parse_command_line("waves", arguments); }

std::string error_of(const std::vector<std::string> &arguments) {
    try {
        parse(arguments);
    } catch (const UsageError &error) {
        return error.what();
    }
    return "";
}

TEST(CommandLine, HasHalidesFlags) {
    const GeneratorRequest request = parse({"-g", "wave", "-f", "wave_fast", "-o", "out", "-n", "files", "-e",
                                            "stmt,object", "-p", "a.so,b.so", "target=x86-64", "n=64", "k=-1=2"});
    EXPECT_EQ(request.generator, "wave");
    EXPECT_EQ(request.function, "wave_fast");
    EXPECT_EQ(request.folder, "out");
    EXPECT_EQ(request.base_name, "files");
    EXPECT_THAT(request.emit, ElementsAre("stmt", "object"));
    EXPECT_THAT(request.plugins, ElementsAre("a.so", "b.so"));
    EXPECT_EQ(request.target, "x86-64");
    EXPECT_EQ(request.schedule, "");
    EXPECT_THAT(request.parameters, ElementsAre(Pair("k", "-1=2"), Pair("n", "64")));
    EXPECT_TRUE(request.help.empty());
}

TEST(CommandLine, MakesALibraryAndItsHeaderByDefault) {
    const GeneratorRequest request = parse({});
    EXPECT_THAT(request.emit, ElementsAre("static_library", "c_header"));
    EXPECT_EQ(request.target, "host");
    EXPECT_EQ(request.folder, ".");
    EXPECT_TRUE(request.derivatives.empty());
}

using Wrt = std::vector<std::string>;
std::vector<std::pair<std::string, Wrt>> derivatives(const std::vector<std::string> &arguments) {
    std::vector<std::pair<std::string, Wrt>> all;
    for (const DerivativeRequest &derivative : parse(arguments).derivatives) {
        all.emplace_back(derivative.kind, derivative.wrt);
    }
    return all;
}

TEST(CommandLine, GivesEachDerivativeItsInputs) {
    EXPECT_THAT(derivatives({"derivative=grad", "wrt=a,b"}), ElementsAre(Pair("grad", Wrt{"a", "b"})));
    EXPECT_THAT(derivatives({"wrt=a", "derivative=grad"}), ElementsAre(Pair("grad", Wrt{"a"})));
    EXPECT_THAT(derivatives({"derivative=vjp"}), ElementsAre(Pair("vjp", Wrt{})));
    EXPECT_THAT(derivatives({"derivative=grad,jvp", "wrt=a"}),
                ElementsAre(Pair("grad", Wrt{"a"}), Pair("jvp", Wrt{"a"})));
    EXPECT_THAT(derivatives({"derivative=grad", "wrt=a", "derivative=jvp", "wrt=b"}),
                ElementsAre(Pair("grad", Wrt{"a"}), Pair("jvp", Wrt{"b"})));
}

TEST(CommandLine, SeparatesHalidesRuntime) {
    EXPECT_TRUE(parse({}).with_halide_runtime);
    EXPECT_TRUE(parse({"runtime=carried"}).with_halide_runtime);
    EXPECT_FALSE(parse({"runtime=none"}).with_halide_runtime);
    EXPECT_EQ(parse({"-r", "halide", "target=vulkan"}).halide_runtime, "halide");
    EXPECT_EQ(error_of({"runtime=half"}), "runtime= needs carried or none; it has half");
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(error_of({"--fast"}), "there is no flag --fast: see -h");
    EXPECT_EQ(error_of({"-x", "3"}), "there is no flag -x: see -h");
    EXPECT_EQ(error_of({"wave"}), "arguments are flags or key=value; there is wave: see -h");
    EXPECT_EQ(error_of({"n="}), "arguments are flags or key=value; there is n=: see -h");
    EXPECT_EQ(error_of({"n=3", "n=4"}), "parameters are given once; n is given twice");
    EXPECT_EQ(error_of({"wrt=a"}), "wrt=a needs a derivative=jvp|vjp|grad|hvp");
    EXPECT_EQ(error_of({"derivative=grad", "wrt=a", "wrt=b"}), "wrt=b needs a derivative=jvp|vjp|grad|hvp");
    EXPECT_THAT(error_of({"-g"}), HasSubstr("-g"));
    for (const char *flag : {"-g", "-f", "-o", "-n", "-r"}) {
        EXPECT_EQ(error_of({flag, ""}), std::string(flag) + " needs a name; it has ''");
    }
    EXPECT_EQ(error_of({"-e", "stmt,"}), "-e needs names separated by commas; it has 'stmt,'");
    EXPECT_EQ(error_of({"-p", ""}), "-p needs names separated by commas; it has ''");
    EXPECT_EQ(error_of({"derivative=grad,,jvp"}), "derivative= needs names separated by commas; it has 'grad,,jvp'");
    EXPECT_EQ(error_of({"target=host", "target=vulkan"}), "target= is given twice");
    for (const std::vector<std::string> &more :
         std::vector<std::vector<std::string>>{{"-e", "stmt"}, {"-n", "a"}, {"n=3"}, {"schedule=none"}}) {
        std::vector<std::string> arguments{"-r", "halide", "target=host"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        EXPECT_EQ(error_of(arguments), "-r takes -o and target=, nothing of a program");
    }
}

TEST(CommandLine, HandsParametersToAnAutoscheduler) {
    const GeneratorRequest request =
        parse({"autoscheduler=Adams2019", "autoscheduler.parallelism=4", "autoscheduler.beam_size=8", "n=3"});
    EXPECT_EQ(request.autoscheduler, "Adams2019");
    EXPECT_THAT(request.autoscheduler_parameters, ElementsAre(Pair("beam_size", "8"), Pair("parallelism", "4")));
    EXPECT_THAT(request.parameters, ElementsAre(Pair("n", "3")));
}

TEST(CommandLine, HelpListsFlagsAndKeys) {
    const std::string help = parse({"-g", "wave", "-h", "n=3"}).help;
    for (const char *word :
         {"waves", "-g", "-f", "-o", "-n", "-e", "-p", "target=", "derivative=", "wrt=", "schedule="}) {
        EXPECT_THAT(help, HasSubstr(word));
    }
    EXPECT_EQ(parse({"-g", "wave", "-h"}).generator, "wave");
}

}  // namespace
