#include "apps/support/files.h"
#include "apps/support/image.h"

// jpeglib.h needs FILE and size_t to be declared before it.
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include <csetjmp>
#include <stdexcept>

namespace sylvite::apps {

namespace {

// A header may claim any size; beyond this one a file is taken for damaged.
constexpr uint64_t most_pixels = uint64_t(1) << 28;

/// What went wrong, or nothing.
using Problem = std::string;

/// The luma of each pixel, as in JPEG files: libpng would take the intensity of its light, which is another grey.
Image luma_of(const Image &colour) {
    Image grey(colour.width, colour.height, 1, 0);
    for (size_t i = 0; i < grey.pixels.size(); i++) {
        const uint8_t *pixel = &colour.pixels[3 * i];
        grey.pixels[i] = static_cast<uint8_t>((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000);
    }
    return grey;
}

Problem read_png(const std::string &bytes, Image &image) {
    png_image png = {};
    png.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) {
        return png.message;
    }
    if (uint64_t(png.width) * png.height > most_pixels) {
        png_image_free(&png);
        return "too many pixels";
    }
    const bool is_grey = (png.format & PNG_FORMAT_FLAG_COLOR) == 0;
    png.format = is_grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // libpng takes 16 bits for the intensity of light else
    image = Image(static_cast<int>(png.width), static_cast<int>(png.height), is_grey ? 1 : 3, 0);
    const png_color white = {255, 255, 255};
    if (!png_image_finish_read(&png, &white, image.pixels.data(), 0, nullptr)) {
        return png.message;
    }
    image = is_grey ? image : luma_of(image);
    return "";
}

/// libjpeg ends the process on an error unless its handler does not return; this one jumps back to the reader.
struct JpegErrors {
    jpeg_error_mgr base;
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
    bool is_of_print = false;
};

void jpeg_failed(j_common_ptr info) {
    auto *errors = reinterpret_cast<JpegErrors *>(info->err);
    errors->base.format_message(info, errors->message);
    std::longjmp(errors->jump, 1);
}

/// Of libjpeg's warnings only a file that ends too early matters: its missing part would be filled with grey.
void jpeg_warned(j_common_ptr info, int level) {
    if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) {
        jpeg_failed(info);
    }
}

// Between setjmp and longjmp no object with a destructor may come to life, so this function has none.
void read_jpeg(const std::string &bytes, Image &image, JpegErrors &errors) {
    jpeg_decompress_struct info;
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = jpeg_failed;
    errors.base.emit_message = jpeg_warned;
    errors.message[0] = '\0';
    jpeg_create_decompress(&info);
    if (setjmp(errors.jump) == 0) {
        jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
        jpeg_read_header(&info, TRUE);
        if (uint64_t(info.image_width) * info.image_height > most_pixels) {
            ERREXIT1(&info, JERR_IMAGE_TOO_BIG, 1 << 14);
        }
        if (info.num_components == 4) {
            errors.is_of_print = true;
            ERREXIT(&info, JERR_CONVERSION_NOTIMPL);
        }
        info.out_color_space = JCS_GRAYSCALE;
        jpeg_start_decompress(&info);
        image.width = static_cast<int>(info.output_width);
        image.height = static_cast<int>(info.output_height);
        image.channels = 1;
        image.pixels.resize(static_cast<size_t>(image.width) * image.height);
        while (info.output_scanline < info.output_height) {
            JSAMPROW row = image.at(0, static_cast<int>(info.output_scanline));
            jpeg_read_scanlines(&info, &row, 1);
        }
        jpeg_finish_decompress(&info);
    }
    jpeg_destroy_decompress(&info);
}

}  // namespace

Image read_grey(const std::filesystem::path &path) {
    const std::string bytes = read_file(path);
    Image image;
    Problem problem;
    if (bytes.starts_with("\x89PNG")) {
        problem = read_png(bytes, image);
    } else if (bytes.starts_with("\xff\xd8\xff")) {
        JpegErrors errors;
        read_jpeg(bytes, image, errors);
        if (errors.is_of_print) {
            throw std::runtime_error(path.string() + " has the four colours of print: save it in grey or in RGB");
        }
        problem = errors.message;
    } else {
        throw std::runtime_error(path.string() + " is neither a PNG nor a JPEG picture");
    }
    if (!problem.empty()) {
        throw std::runtime_error(path.string() + " is damaged: " + problem);
    }
    return image;
}

}  // namespace sylvite::apps
