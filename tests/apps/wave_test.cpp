// The wave app as a user runs it, and the smallest app there can be.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/folder.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <regex>
#include <sys/wait.h>

namespace sylvite::apps {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Outcome {
    int exit_code;
    std::string output;
};

Outcome run(const std::string &program, const std::string &arguments) {
    const std::string command = SYLVITE_BINARY_DIR "/bin/" + program + " " + arguments + " 2>&1";
    FILE *pipe = popen(command.c_str(), "r");
    Outcome outcome{-1, ""};
    char part[512];
    while (fgets(part, sizeof part, pipe) != nullptr) {
        outcome.output += part;
    }
    const int status = pclose(pipe);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

Outcome run_wave(const std::string &arguments) { return run("wave", arguments); }

struct Numbers {
    double first, last;
    int iterations;
};

Numbers last_line(const std::string &output) {
    static const std::regex form(R"((?:[^]*\n)?wave: loss (\S+) -> (\S+) in (\d+) iterations, \d+\.\d s\n)");
    std::smatch match;
    EXPECT_TRUE(std::regex_match(output, match, form)) << output;
    return match.empty() ? Numbers{} : Numbers{std::stod(match[1]), std::stod(match[2]), std::stoi(match[3])};
}

TEST(Wave, PaintsPicturesAndLowersTheLoss) {
    Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "pictures";
    const Outcome outcome = run_wave("--steps 12 --iterations 8 --out " + out.string());
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const Numbers numbers = last_line(outcome.output);
    EXPECT_EQ(numbers.iterations, 8);
    EXPECT_GT(numbers.first, 0);
    EXPECT_LT(numbers.last, 0.2 * numbers.first);

    for (const char *name : {"target.png", "first.png", "last.png", "formed.png"}) {
        const Image image = read_grey(out / name);
        EXPECT_EQ(image.width, 256) << name;
        EXPECT_EQ(image.height, 256) << name;
    }
    EXPECT_EQ(read_grey(out / "story.png").width, 5 * 256 + 4 * 8);
    EXPECT_GT(read_grey(out / "loss.png").width, 0);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(out), {}), 6);

    // The first surface is still water; the picture formed is near the photograph.
    const Image first = read_grey(out / "first.png");
    EXPECT_THAT(first.pixels, testing::Each(first.pixels[0]));
    const Image target = read_grey(out / "target.png"), formed = read_grey(out / "formed.png");
    double difference = 0;
    for (size_t i = 0; i < target.pixels.size(); i++) {
        const double d = (double(target.pixels[i]) - formed.pixels[i]) / 255;
        difference += d * d / target.pixels.size();
    }
    EXPECT_NEAR(difference, numbers.last, 0.1 * numbers.last + 1e-5);
}

TEST(Wave, TellsItsProgressInLinesWhereThereIsNoTerminal) {
    Folder folder;
    const std::string arguments = "--steps 2 --iterations 3 --out " + folder.path().string();
    const std::string loud = run_wave(arguments).output, quiet = run_wave(arguments + " --quiet").output;
    EXPECT_THAT(loud, testing::ContainsRegex("3 of 3: loss .* of the first\\), 0 s left"));
    EXPECT_THAT(loud, testing::Not(testing::HasSubstr("\x1b")));
    EXPECT_THAT(quiet, testing::StartsWith("wave: loss "));
    last_line(quiet);
}

TEST(Wave, RefusesBadInputInOneLineAndWritesNothing) {
    Folder folder;
    const auto file = [&](const std::string &name) { return (folder.path() / name).string(); };
    write_files(folder.path(), {{"text.png", "hello"},
                                {"small.png", png_bytes(Image(63, 200, 1, 7))},
                                {"flat.png", png_bytes(Image(64, 64, 1, 7))}});
    const std::string out = file("out");
    const std::vector<std::array<std::string, 2>> cases = {
        {file("none.png"), "cannot read " + file("none.png") + ": No such file or directory"},
        {file("text.png"), file("text.png") + " is neither a PNG nor a JPEG picture"},
        {file("small.png"), file("small.png") + " is too small: it has 63 x 200 pixels, and 64 each way are needed"},
        {file("flat.png"), file("flat.png") + " shows nothing: all its pixels have the same grey level"},
        {"--out " + file("text.png") + "/out", "cannot make the folder " + file("text.png") + "/out: Not a directory"},
        {"--steps 0", "--steps: Value 0 not in range 1 to 100000"},
        {"--iterations many", "--iterations: Value many not in range 1 to 100000"},
        {"--colour", "The following argument was not expected: --colour"},
    };
    for (const auto &[arguments, message] : cases) {
        const bool has_out = arguments.find("--out") != std::string::npos;
        const Outcome outcome = run_wave((has_out ? "" : "--out " + out + " ") + arguments);
        EXPECT_EQ(outcome.exit_code, 1) << arguments;
        EXPECT_EQ(outcome.output, "wave: " + message + "\n");
    }
    EXPECT_THAT(folder.names(), ElementsAre("flat.png", "small.png", "text.png"));
}

TEST(App, NeedsNothingButAGeneratorAndAMain) {
    const Outcome outcome = run("scale", "");
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, "5\n0.5 10\n");
}

}  // namespace
}  // namespace sylvite::apps
