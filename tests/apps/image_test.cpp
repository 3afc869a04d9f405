#include "apps/support/files.h"
#include "apps/support/image.h"
#include "apps/support/plot.h"
#include "tests/support/folder.h"

#include <Halide.h>
#include <gmock/gmock.h>
#include <halide_image_io.h>
#include <png.h>

#include <sys/stat.h>

namespace sylvite::apps {
namespace {

using test::Folder;
using testing::ElementsAre;
using testing::FloatNear;

/// Reads a picture with Halide's own reader, which shares no code with ours above libpng.
Halide::Buffer<uint8_t> read_with_halide(const std::filesystem::path &path) {
    Halide::Buffer<uint8_t> image;
    Halide::Buffer<> loaded;
    EXPECT_TRUE((Halide::Tools::load<Halide::Buffer<>, Halide::Tools::Internal::CheckReturn>(path.string(), &loaded)));
    return loaded.as<uint8_t>();
}

/// An 8-bit picture, 0 at its upper left corner and growing to the right and downwards.
Image ramp(int width, int height, int channels) {
    Image image(width, height, channels, 0);
    for (size_t i = 0; i < image.pixels.size(); i++) {
        image.pixels[i] = static_cast<uint8_t>(i * 7 % 251);
    }
    return image;
}

std::string message_of(const std::function<void()> &action) {
    try {
        action();
    } catch (const std::exception &error) {
        return error.what();
    }
    return "no error";
}

TEST(Image, GreyAndColourArriveInPngFiles) {
    Folder folder;
    const Image grey = ramp(5, 3, 1), colour = ramp(4, 7, 3);
    write_files(folder.path(), {{"grey.png", png_bytes(grey)}, {"colour.png", png_bytes(colour)}});

    const auto read_back = read_with_halide(folder.path() / "grey.png");
    ASSERT_EQ(read_back.dimensions(), 2);
    for (int y = 0; y < 3; y++) {
        for (int x = 0; x < 5; x++) {
            EXPECT_EQ(read_back(x, y), *grey.at(x, y));
        }
    }
    const auto colours = read_with_halide(folder.path() / "colour.png");
    ASSERT_EQ(colours.channels(), 3);
    for (int y = 0; y < 7; y++) {
        for (int x = 0; x < 4; x++) {
            for (int c = 0; c < 3; c++) {
                EXPECT_EQ(colours(x, y, c), colour.at(x, y)[c]);
            }
        }
    }
    EXPECT_EQ(read_grey(folder.path() / "grey.png").pixels, grey.pixels);
}

TEST(Image, ReadsPngAsTheSameGreyAsJpeg) {
    const Folder folder;
    Image red(3, 2, 3, 0);
    for (size_t i = 0; i < red.pixels.size(); i += 3) {
        red.pixels[i] = 200;
    }
    write_files(folder.path(), {{"red.png", png_bytes(red)}});
    EXPECT_THAT(read_grey(folder.path() / "red.png").pixels, testing::Each(60)) << "0.299 * 200";

    Halide::Buffer<uint16_t> fine(3, 2);
    fine.for_each_element([&](int x, int y) { fine(x, y) = static_cast<uint16_t>(257 * (10 + 100 * x + 7 * y)); });
    Halide::Buffer<> any = fine;
    const std::string path = folder.path() / "16.png";
    ASSERT_TRUE((Halide::Tools::save<Halide::Buffer<>, Halide::Tools::Internal::CheckReturn>(any, path)));
    EXPECT_THAT(read_grey(path).pixels, ElementsAre(10, 110, 210, 17, 117, 217)) << "of 16 bits";
}

TEST(Image, ReadsJpegAsGrey) {
    Folder folder;
    Halide::Buffer<uint8_t> colour(32, 16, 3);
    colour.fill(0);
    colour.sliced(2, 0).fill(200);  // red: luma 0.299 * 200
    const std::string path = folder.path() / "red.jpg";
    Halide::Buffer<> any = colour;
    ASSERT_TRUE((Halide::Tools::save<Halide::Buffer<>, Halide::Tools::Internal::CheckReturn>(any, path)));

    const Image image = read_grey(path);
    EXPECT_EQ(image.width, 32);
    EXPECT_EQ(image.height, 16);
    EXPECT_EQ(image.channels, 1);
    EXPECT_THAT(image.pixels, testing::Each(testing::AllOf(testing::Ge(57), testing::Le(63))));
}

TEST(Image, TransparentPartsBecomeWhite) {
    Folder folder;
    const uint8_t pixels[] = {0, 0, 0, 255, 10, 20, 30, 0};  // black, and nothing at all
    png_image png = {};
    png.version = PNG_IMAGE_VERSION;
    png.width = 2;
    png.height = 1;
    png.format = PNG_FORMAT_RGBA;
    const std::string path = folder.path() / "transparent.png";
    ASSERT_TRUE(png_image_write_to_file(&png, path.c_str(), 0, pixels, 0, nullptr));
    EXPECT_THAT(read_grey(path).pixels, ElementsAre(0, 255));
}

TEST(Image, CentredSquareTakesTheMiddleAndAverages) {
    Image wide(4, 2, 1, 0);
    wide.pixels = {255, 0,   51,  255,  //
                   255, 102, 153, 255};
    EXPECT_THAT(centred_square(wide, 2),
                ElementsAre(FloatNear(0, 1e-6), FloatNear(0.2, 1e-6), FloatNear(0.4, 1e-6), FloatNear(0.6, 1e-6)));
    EXPECT_THAT(centred_square(wide, 1), ElementsAre(FloatNear(0.3, 1e-6)));

    // Two cells over three pixels: the middle ones are shared.
    Image odd(3, 3, 1, 0);
    odd.pixels = {9, 18, 0, 36, 90, 0, 0, 0, 0};
    EXPECT_NEAR(centred_square(odd, 2)[0] * 255, (4 * 9 + 2 * 18 + 2 * 36 + 90) / 9.0, 1e-4);
    EXPECT_NEAR(centred_square(odd, 2)[3] * 255, 90 / 9.0, 1e-4);

    Image dot(1, 1, 1, 255);
    EXPECT_THAT(centred_square(dot, 2), testing::Each(FloatNear(1, 1e-6)));
}

TEST(Image, ValuesBecomeGreysAndColours) {
    EXPECT_THAT(grey_levels({-0.5f, 0.0f, 0.5f, 9.0f}, 2).pixels, ElementsAre(0, 128, 255, 255));
    const Image water = water_colours({-1.0f, 0.0f, 1.0f, 2.0f}, 2, 1.0f);
    EXPECT_GT(water.at(0, 0)[2], water.at(0, 0)[0]) << "troughs are blue";
    EXPECT_THAT(std::vector<int>(water.at(1, 0), water.at(1, 0) + 3), testing::Each(testing::Gt(240)));
    EXPECT_GT(water.at(0, 1)[0], water.at(0, 1)[2]) << "crests are orange";
    EXPECT_EQ(std::vector<int>(water.at(0, 1), water.at(0, 1) + 3),
              std::vector<int>(water.at(1, 1), water.at(1, 1) + 3));
}

TEST(Image, SideBySideKeepsPixels) {
    const Image strip = side_by_side({ramp(2, 2, 1), ramp(3, 2, 3)}, 4);
    EXPECT_EQ(strip.width, 2 + 4 + 3);
    EXPECT_EQ(strip.at(1, 1)[2], *ramp(2, 2, 1).at(1, 1));
    EXPECT_EQ(strip.at(3, 0)[0], 255);
    EXPECT_EQ(strip.at(7, 1)[1], ramp(3, 2, 3).at(1, 1)[1]);
}

// In cyan, magenta, yellow and black.
std::string jpeg_of_print() {
    jpeg_compress_struct info;
    jpeg_error_mgr errors;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char *bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &bytes, &size);
    info.image_width = 16, info.image_height = 1;
    info.input_components = 4, info.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&info);
    jpeg_start_compress(&info, TRUE);
    JSAMPLE pixels[4 * 16] = {};
    JSAMPROW row = pixels;
    jpeg_write_scanlines(&info, &row, 1);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::string file(reinterpret_cast<const char *>(bytes), size);
    std::free(bytes);
    return file;
}

TEST(Image, RefusesWhatIsNoPicture) {
    Folder folder;
    const auto file = [&](const std::string &name) { return folder.path() / name; };
    const std::string png = png_bytes(ramp(64, 64, 1));
    write_files(folder.path(), {{"text.png", "hello"},
                                {"empty.jpg", ""},
                                {"print.jpg", jpeg_of_print()},
                                {"short.png", png.substr(0, png.size() / 2)},
                                {"short.jpg", read_file(SYLVITE_SOURCE_DIR "/apps/wave/chelsea.jpg").substr(0, 9000)}});
    EXPECT_EQ(message_of([&] { read_grey(file("none.png")); }),
              "cannot read " + file("none.png").string() + ": No such file or directory");
    EXPECT_EQ(message_of([&] { read_grey(folder.path()); }),
              "cannot read " + folder.path().string() + ": Is a directory");
    for (const char *name : {"text.png", "empty.jpg"}) {
        EXPECT_EQ(message_of([&] { read_grey(file(name)); }),
                  file(name).string() + " is neither a PNG nor a JPEG picture");
    }
    EXPECT_THAT(message_of([&] { read_grey(file("short.png")); }),
                testing::StartsWith(file("short.png").string() + " is damaged: "));
    EXPECT_EQ(message_of([&] { read_grey(file("print.jpg")); }),
              file("print.jpg").string() + " has the four colours of print: save it in grey or in RGB");
    EXPECT_EQ(message_of([&] { read_grey(file("short.jpg")); }),
              file("short.jpg").string() + " is damaged: Premature end of JPEG file");
}

TEST(Files, AreWrittenWholeOrNotAtAll) {
    Folder folder;
    std::filesystem::create_directory(folder.path() / "b");  // a file cannot take the name of a folder
    EXPECT_THAT(message_of([&] {
                    write_files(folder.path(), {{"b", "1"}});
                }),
                testing::StartsWith("cannot write " + (folder.path() / "b").string() + ": "));
    EXPECT_THAT(folder.names(), ElementsAre("b"));
    EXPECT_THAT(message_of([&] {
                    write_files(folder.path() / "none", {{"a", "1"}});
                }),
                testing::HasSubstr("No such file or directory"));

    const std::filesystem::path pipe = folder.path() / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(message_of([&] {
                  write_files(folder.path(), {{"a", "1"}, {"pipe", "2"}});
              }),
              "cannot write " + pipe.string() + ": it is not a regular file");
    EXPECT_TRUE(std::filesystem::is_fifo(pipe));
    EXPECT_THAT(folder.names(), ElementsAre("b", "pipe"));
    std::filesystem::remove(pipe);

    write_files(folder.path(), {{"a", "old"}});
    write_files(folder.path(), {{"a", "new"}, {"c", ""}});
    EXPECT_THAT(folder.names(), ElementsAre("a", "b", "c"));
    EXPECT_EQ(read_file(folder.path() / "a"), "new");
}

TEST(Plot, DrawsTheCurveWhereTheValuesAre) {
    // A straight line on the logarithmic axis, from the upper left to the lower right corner of the frame.
    const Image plot = plot_logarithmic({100, 10, 1}, "steps", "loss");
    const auto is_blue = [&](int x, int y) { return plot.at(x, y)[2] > plot.at(x, y)[0] + 60; };
    std::vector<int> first, last;
    for (int x = 0; x < plot.width; x++) {
        for (int y = 0; y < plot.height; y++) {
            if (is_blue(x, y)) {
                first = first.empty() ? std::vector{x, y} : first;
                last = {x, y};
            }
        }
    }
    ASSERT_FALSE(first.empty());
    const int middle_x = (first[0] + last[0]) / 2, middle_y = (first[1] + last[1]) / 2;
    EXPECT_TRUE(is_blue(middle_x, middle_y));
    EXPECT_LT(first[1], last[1]);
    EXPECT_GT(last[0] - first[0], plot.width / 2);
}

TEST(Plot, RefusesWhatHasNoLogarithm) {
    for (double bad : {0.0, -1.0, double(NAN), double(INFINITY)}) {
        EXPECT_EQ(message_of([&] {
                      plot_logarithmic({1, bad}, "a", "b");
                  }),
                  "plot_logarithmic() needs finite values above 0");
    }
    EXPECT_EQ(message_of([&] { plot_logarithmic({}, "a", "b"); }), "plot_logarithmic() needs finite values above 0");
    EXPECT_EQ(message_of([&] { plot_logarithmic({1}, "A", "b"); }),
              "plot() needs labels of digits, small letters and % . -; 'A' is none of them");
}

TEST(Plot, DrawsPointsAndCurvesInTheirColours) {
    // Points at the corners of a square, and a curve along its diagonal.
    const Image picture =
        plot({{{-1, 1, 1, -1}, {2, 2, 4, 4}, Hue::grey, false}, {{-1, 1}, {2, 4}, Hue::orange}}, {"x"}, {"y"});
    int orange = 0, lowest = 0, highest = picture.height;
    for (int y = 0; y < picture.height; y++) {
        for (int x = 0; x < picture.width; x++) {
            if (picture.at(x, y)[0] > picture.at(x, y)[2] + 60) {
                orange++;
                lowest = std::max(lowest, y);
                highest = std::min(highest, y);
            }
        }
    }
    EXPECT_GT(orange, 500);
    EXPECT_GT(lowest - highest, picture.height / 2);
    const Image decades = plot({{{1e-6, 1e6}, {1, 1}}}, {"time", true}, {"y"});
    EXPECT_EQ(decades.width, picture.width);
    EXPECT_EQ(message_of([] {
                  plot({{{0, 1}, {1, 1}}}, {"time", true}, {"y"});
              }),
              "plot() needs finite values, and above 0 on a logarithmic axis");
    EXPECT_EQ(message_of([] { plot({}, {"a"}, {"b"}); }), "plot() needs a value");
    EXPECT_EQ(message_of([] { plot({{{0, 1}, {1}}}, {"a"}, {"b"}); }), "plot() needs as many values across as up");
}

}  // namespace
}  // namespace sylvite::apps
