#pragma once

#include "apps/support/image.h"

#include <webp/demux.h>

#include <memory>
#include <stdexcept>

namespace sylvite::apps {

/// The pictures of an animated WebP file; with `times`, when each ends, in ms.
inline std::vector<Image> film_frames(const std::string &bytes, std::vector<int> *times = nullptr) {
    const WebPData data{reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()};
    const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, nullptr),
                                                                                     WebPAnimDecoderDelete);
    WebPAnimInfo info;
    if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0) {
        throw std::runtime_error("this is no WebP file");
    }
    std::vector<Image> frames;
    while (WebPAnimDecoderHasMoreFrames(decoder.get()) != 0) {
        uint8_t *pixels = nullptr;
        int time = 0;
        if (WebPAnimDecoderGetNext(decoder.get(), &pixels, &time) == 0) {
            throw std::runtime_error("this WebP file is damaged");
        }
        Image frame(static_cast<int>(info.canvas_width), static_cast<int>(info.canvas_height), 3, 0);
        for (size_t i = 0; i < frame.pixels.size(); i++) {
            frame.pixels[i] = pixels[i / 3 * 4 + i % 3];
        }
        frames.push_back(frame);
        if (times != nullptr) {
            times->push_back(time);
        }
    }
    return frames;
}

}  // namespace sylvite::apps
