// The smoke app as a user runs it.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/run_app.h"

#include <gmock/gmock.h>

#include <array>
#include <regex>

namespace sylvite::apps {
namespace {

using testing::ElementsAre;

Outcome run_smoke(const std::vector<std::string> &arguments, double interrupt_after = 0) {
    return run_app("smoke", arguments, interrupt_after);
}

struct Numbers {
    double first, last;
    int iterations;
};

Numbers last_line(const std::string &output) {
    static const std::regex form(
        R"((?:[^]*\n)?smoke: loss (\S+) -> (\S+) in (\d+) iterations, \d+\.\d s(?:, interrupted)?\n)");
    std::smatch match;
    EXPECT_TRUE(std::regex_match(output, match, form)) << output;
    return match.empty() ? Numbers{} : Numbers{std::stod(match[1]), std::stod(match[2]), std::stoi(match[3])};
}

const std::vector<std::string> all_files = {"formed.png", "loss.png",   "smoke.npy",
                                            "story.png",  "target.png", "velocity.npy"};

TEST(Smoke, PaintsPicturesAndLowersTheLoss) {
    for (const char *pressure : {"jacobi", "multigrid"}) {
        const Folder folder;
        const std::filesystem::path out = folder.path() / "new" / "pictures";
        const Outcome outcome = run_smoke(
            {"--steps", "20", "--iterations", "20", "--frames", "3", "--pressure", pressure, "--out", out.string()});
        ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
        const Numbers numbers = last_line(outcome.output);
        EXPECT_EQ(numbers.iterations, 20);
        EXPECT_NEAR(numbers.first, 0.3978, 5e-5) << "as the same stripes and picture give in DiffTaichi";
        EXPECT_LT(numbers.last, 0.3 * numbers.first);

        std::vector<std::string> names;
        for (const auto &file : std::filesystem::directory_iterator(out)) {
            names.push_back(file.path().filename());
        }
        EXPECT_THAT(names, testing::UnorderedElementsAreArray(all_files));
        EXPECT_EQ(read_grey(out / "story.png").width, 4 * 110 + 3 * 8);
        const Image target = read_grey(out / "target.png"), formed = read_grey(out / "formed.png");
        double difference = 0;
        for (size_t i = 0; i < target.pixels.size(); i++) {
            const double d = (double(target.pixels[i]) - formed.pixels[i]) / 255;
            difference += d * d / target.pixels.size();
        }
        EXPECT_NEAR(difference, numbers.last, 0.02 * numbers.last);

        // NumPy's format: 10 bytes and a header, in all a multiple of 64, before the numbers.
        const std::string smoke = read_file(out / "smoke.npy"), velocity = read_file(out / "velocity.npy");
        EXPECT_THAT(smoke.substr(0, 128), testing::HasSubstr("'shape': (3, 110, 110, )"));
        EXPECT_THAT(velocity.substr(0, 128), testing::HasSubstr("'shape': (2, 110, 110, )"));
        EXPECT_EQ(smoke.size() % 64, sizeof(float) * 3 * 110 * 110 % 64);
    }
}

TEST(Smoke, NeedsTheSameMemoryForAnyNumberOfIterations) {
    const Folder folder;
    const std::string out = folder.path();
    const double few = run_smoke({"--iterations", "1", "--frames", "1", "--out", out}).peak_mb;
    const double many = run_smoke({"--iterations", "12", "--frames", "1", "--out", out}).peak_mb;
    EXPECT_LT(many, few + 10) << "one history takes 15 MB";
}

TEST(Smoke, CtrlCLeavesWhatWasReached) {
    const Folder folder;
    const Outcome outcome =
        run_smoke({"--quiet", "--iterations", "100000", "--steps", "20", "--out", folder.path().string()}, 1.0);
    EXPECT_EQ(outcome.exit_code, 130) << outcome.output;
    EXPECT_THAT(outcome.output, testing::EndsWith(", interrupted\n"));
    const Numbers numbers = last_line(outcome.output);
    EXPECT_LT(numbers.iterations, 100000);
    EXPECT_LE(numbers.last, numbers.first);
    EXPECT_THAT(folder.names(), testing::ElementsAreArray(all_files));
    EXPECT_EQ(read_grey(folder.path() / "formed.png").width, 110);
}

TEST(Smoke, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    const auto file = [&](const std::string &name) { return (folder.path() / name).string(); };
    write_files(folder.path(), {{"text.png", "hello"}, {"small.png", png_bytes(Image(15, 200, 1, 7))}});
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{file("none.png")}, "cannot read " + file("none.png") + ": No such file or directory"},
        {{file("text.png")}, file("text.png") + " is neither a PNG nor a JPEG picture"},
        {{file("small.png")}, file("small.png") + " is too small: it has 15 x 200 pixels, and 16 each way are needed"},
        {{"--out", file("text.png") + "/out"}, "cannot make the folder " + file("text.png") + "/out: Not a directory"},
        {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 10000"},
        {{"--inflow", "-1"}, "--inflow: Value -1 not in range 0.000000 to 1.000000"},
        {{"--pressure", "none"}, "--pressure: none not in {jacobi,multigrid}"},
        {{"--colour"}, "The following argument was not expected: --colour"},
    };
    for (auto [arguments, message] : cases) {
        if (arguments[0] != "--out") {
            arguments.insert(arguments.begin(), {"--out", file("out")});
        }
        const Outcome outcome = run_smoke(arguments);
        EXPECT_EQ(outcome.exit_code, 1) << message;
        EXPECT_EQ(outcome.output, "smoke: " + message + "\n");
    }
    EXPECT_THAT(folder.names(), ElementsAre("small.png", "text.png"));
}

}  // namespace
}  // namespace sylvite::apps
